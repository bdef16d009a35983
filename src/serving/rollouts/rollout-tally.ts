import { ROLLBACK_REASONS, type RollbackReason } from '../../core/rollout/reasons.ts';
import type { RolloutCounters } from './service.ts';

/** Counts updates and how they ended. */
export class RolloutTally {
  #attempts = 0;
  #completed = 0;
  #rolledBack = 0;
  #aborted = 0;
  #fallbacksAnswered = 0;
  #fallbacksFailed = 0;
  readonly #byReason = new Map<RollbackReason, number>();

  noteAttempt(): void {
    this.#attempts += 1;
  }

  noteEnd(outcome: 'completed' | 'rolled_back' | 'aborted', reason: RollbackReason | undefined): void {
    if (outcome === 'completed') this.#completed += 1;
    else if (outcome === 'aborted') this.#aborted += 1;
    else this.#rolledBack += 1;
    if (reason !== undefined) this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
  }

  noteFallback(answered: boolean): void {
    if (answered) this.#fallbacksAnswered += 1;
    else this.#fallbacksFailed += 1;
  }

  snapshot(): RolloutCounters {
    return {
      attempts: this.#attempts,
      completed: this.#completed,
      rolledBack: this.#rolledBack,
      aborted: this.#aborted,
      // Its entries are those of the list of all reasons.
      rollbacksByReason: Object.fromEntries(
        ROLLBACK_REASONS.map((reason) => [reason, this.#byReason.get(reason) ?? 0]),
      ) as Record<RollbackReason, number>,
      fallbacksAnswered: this.#fallbacksAnswered,
      fallbacksFailed: this.#fallbacksFailed,
    };
  }
}
