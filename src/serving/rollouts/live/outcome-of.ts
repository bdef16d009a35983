import { AppError } from '../../../core/errors.ts';
import type { Outcome } from '../../../core/rollout/evidence/bad-event.ts';

/** What an attempt's error says of the version that it was made on. */
export type FailedAttempt =
  /** The request is at fault, as its bytes alone tell, or what its sequence has come to: every version would refuse it. */
  | 'request'
  /** The model refused what it was given: whether that is its fault, the other version tells. */
  | 'refused'
  /** The caller gave it up. */
  | 'given_up'
  /** Its time was over. */
  | 'late'
  /** The version had no room for it, which depends on its share of the traffic. */
  | 'crowded'
  /** Its process ended under it. */
  | 'crashed'
  /** It can not answer now: it is being ended, or has failed. */
  | 'away'
  /** Anything else: the version's fault. */
  | 'failed';

export function failedAttempt(error: unknown): FailedAttempt {
  if (!(error instanceof AppError)) return 'failed';
  switch (error.code) {
    case 'invalid_request':
    case 'invalid_tensor':
    case 'body_too_large':
    case 'header_too_large':
    case 'unsupported_media_type':
    case 'sequence_lost':
      return 'request';
    case 'model_rejected_input':
      return 'refused';
    case 'request_cancelled':
      return 'given_up';
    case 'deadline_exceeded':
      return 'late';
    case 'queue_full':
    case 'overloaded':
      return 'crowded';
    case 'model_crashed':
      return 'crashed';
    case 'not_ready':
    case 'draining':
      return 'away';
    default:
      return 'failed';
  }
}

/**
 * What the evidence makes of it, or undefined where that is not known yet: what the model refused is tried on the other
 * version, and a crash is counted with all that it took with it.
 */
export function outcomeOf(attempt: FailedAttempt, age: { computeMs: number; limitMs: number }): Outcome | undefined {
  switch (attempt) {
    case 'request':
      return { kind: 'refused_by_both' };
    case 'given_up':
    case 'late':
      return { kind: 'censored', ...age };
    case 'crowded':
    case 'away':
      return { kind: 'censored', computeMs: 0, limitMs: age.limitMs };
    case 'failed':
      return { kind: 'failed' };
    case 'refused':
    case 'crashed':
      return undefined;
  }
}
