export const EVIDENCE_COMPONENTS = ['live_failures', 'paired_failures', 'cpu_time', 'wall_time'] as const;
export type EvidenceComponent = (typeof EVIDENCE_COMPONENTS)[number];

/** ln(π·E) by component: logarithms, as E reaches beyond what a double holds. Null: nothing was measured. */
export type LogShares = Readonly<Record<EvidenceComponent, number | null>>;

export const EVIDENCE_REASONS = {
  live_failures: 'evidence_failures',
  paired_failures: 'evidence_pairs',
  cpu_time: 'evidence_time',
  wall_time: 'evidence_time',
} as const satisfies Record<EvidenceComponent, string>;

export type EvidenceReason = (typeof EVIDENCE_REASONS)[EvidenceComponent];

/**
 * What a check can find out about the new version. A deterministic failure needs no error rate and ends the rollout;
 * what carries none (it may be the machine's fault, or be meant so) asks a person.
 */
export const FINDINGS = {
  failed_probe: 'failure',
  crash_loop: 'failure',
  changed_shape: 'failure',
  not_finite: 'failure',
  digest_mismatch: 'failure',
  signature_incompatible: 'failure',
  insufficient_memory: 'failure',
  drift: 'question',
  slow_probe: 'question',
  footprint: 'question',
} as const satisfies Record<string, 'failure' | 'question'>;

export type Finding = keyof typeof FINDINGS;

type FindingOf<K> = { [F in Finding]: (typeof FINDINGS)[F] extends K ? F : never }[Finding];
export type FailureFinding = FindingOf<'failure'>;
export type QuestionFinding = FindingOf<'question'>;

/** What says that the new version itself is bad, or does not keep up. */
export type FailureReason = EvidenceReason | FailureFinding | 'capacity';

/** Why a rollout was rolled back. `aborted` is a person's rollback, `superseded` a later update's. */
export type RollbackReason =
  | FailureReason
  | 'load_failed'
  | 'deadline'
  | 'pause_expired'
  | 'aborted'
  | 'superseded'
  | 'restarted_twice'
  | 'hook';

/** Each of them once. */
const ALL_ROLLBACK_REASONS: Readonly<Record<RollbackReason, true>> = {
  evidence_failures: true,
  evidence_pairs: true,
  evidence_time: true,
  failed_probe: true,
  crash_loop: true,
  changed_shape: true,
  not_finite: true,
  digest_mismatch: true,
  signature_incompatible: true,
  insufficient_memory: true,
  capacity: true,
  load_failed: true,
  deadline: true,
  pause_expired: true,
  aborted: true,
  superseded: true,
  restarted_twice: true,
  hook: true,
};

// Object.keys has lost the literal types of an object whose keys are known.
export const ROLLBACK_REASONS = Object.keys(ALL_ROLLBACK_REASONS) as readonly RollbackReason[];

/** What stops the ramp for the time being. */
export type HoldCause = 'evidence' | 'breaker' | 'new_lost' | 'old_lost';

/** What a hold that lasts too long asks a person about. */
export const HOLD_REASONS = {
  evidence: 'evidence_hold',
  breaker: 'breaker',
  new_lost: 'new_lost',
  old_lost: 'old_lost',
} as const satisfies Record<HoldCause, string>;

/** Why a rollout is paused. A failure is one where `onFailure` says so. */
export type PauseReason =
  | 'requested'
  | 'start_paused'
  | 'deadline'
  | 'hook'
  | QuestionFinding
  | FailureReason
  | (typeof HOLD_REASONS)[HoldCause];

/** Why a rollout went from one state into another that is no rollback. */
export type AdvanceReason =
  | 'started'
  | 'loaded'
  | 'probes_passed'
  | 'resumed'
  | 'gate_passed'
  | 'promoted'
  | 'saturated'
  | 'drained'
  | 'unloaded'
  | 'deadline'
  | 'restarted';

export function isFailureFinding(finding: Finding): finding is FailureFinding {
  return FINDINGS[finding] === 'failure';
}

export function isEvidenceReason(reason: string): reason is EvidenceReason {
  return Object.values<string>(EVIDENCE_REASONS).includes(reason);
}

/** Whether a rollback for this reason says that the new version is no good to answer, whatever else is at hand. */
export function blamesNewVersion(reason: RollbackReason): boolean {
  return isEvidenceReason(reason) || reason === 'load_failed' || reason in FINDINGS;
}
