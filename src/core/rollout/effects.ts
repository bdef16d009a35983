import type { Arm } from '../traffic/assignment.ts';
import type { LogEntry } from './log-entry.ts';

/**
 * What the machine wants done, as data, in the order in which it has to be done. What stands before `record` waits for
 * nothing: no disk, and no effects of earlier transitions that wait for one. What stands after it happens once the entry
 * is durable, and what earlier transitions asked for is done.
 *
 * So a weight may be due that a rollback has overtaken: whoever sets weights ignores one whose sequence is below that of
 * the last one it was given.
 */
export type Effect =
  /** `block_end`: the router changes between two blocks of 20, so that each of them is exact. */
  | {
      readonly type: 'set_weight';
      readonly newPercent: number;
      readonly when: 'now' | 'block_end';
      /** That of the entry which it belongs to. */
      readonly sequence: number;
    }
  | { readonly type: 'record'; readonly entry: LogEntry }
  /** Memory for both versions, then the event `start`. */
  | { readonly type: 'admit' }
  | { readonly type: 'load' }
  | { readonly type: 'probe' }
  /** The evidence bets anew from the start of this stage, beside what runs already. */
  | { readonly type: 'start_copy'; readonly stage: number }
  /** A person let a conviction pass: evidence starts from nothing. */
  | { readonly type: 'restart_evidence' }
  | { readonly type: 'settle_by_pairs' }
  /** Nothing new goes there; `drained` once its leases are back. It must be possible to take it back. */
  | { readonly type: 'drain'; readonly arm: Arm }
  /** What is still open there, streams and sequences, ends with an error that says why. */
  | { readonly type: 'cut_off'; readonly arm: Arm }
  | { readonly type: 'restore_old' }
  | { readonly type: 'keep_previous'; readonly forMs: number }
  /** Drain and unload the new version, then the event `unloaded`. Also where it was never loaded. */
  | { readonly type: 'unload_new' };
