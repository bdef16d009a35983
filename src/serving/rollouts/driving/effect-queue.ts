import type { Effect } from '../../../core/rollout/effects.ts';
import type { LogEntry } from '../../../core/rollout/log-entry.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/** Until a disk has room again, say. */
const RETRY_MS = 1000;

type SetWeight = Extract<Effect, { type: 'set_weight' }>;
type Later = Exclude<Effect, { type: 'record' }>;

interface QueueParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly label: string;
  /** Resolves once the entry is durable. */
  readonly record: (entry: LogEntry) => Promise<void>;
  readonly setWeight: (effect: SetWeight) => void;
  /** Begins what the effect asks for; it must not wait for it. */
  readonly perform: (effect: Exclude<Later, SetWeight>) => void;
  /** Told when an entry is durable, before what it asks for is begun. */
  readonly onRecorded: (entry: LogEntry) => void;
}

/**
 * Carries out what the machine wants: a weight that stands before its record at once, on the caller's own turn; all else
 * in order, once the record before it is durable.
 */
export class EffectQueue {
  readonly #parts: QueueParts;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;
  /** An entry could not be recorded any more: none may be after it. */
  #hasGap = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  push(effects: readonly Effect[]): void {
    const recorded = new Set<number>();
    for (const effect of effects) {
      if (effect.type === 'record') recorded.add(effect.entry.sequence);
      // No disk stands between a decision and the last request to a version that may be bad.
      if (effect.type === 'set_weight' && !recorded.has(effect.sequence)) this.#parts.setWeight(effect);
      else this.#later(effect);
    }
  }

  /** Whether everything so far is durable and begun. */
  get isSettled(): boolean {
    return this.#waiting === 0;
  }

  /** Begins nothing any more. What was decided before is recorded, as far as the disk takes it at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }

  #later(effect: Effect): void {
    if (this.#isClosed) return;
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => this.#carryOut(effect))
      .catch((error: unknown) => {
        const { logger, label } = this.#parts;
        logger.error({ model: label, effect: effect.type, err: error }, 'what an update wanted could not be done');
      })
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  async #carryOut(effect: Effect): Promise<void> {
    if (this.#hasGap) return;
    const { setWeight, perform } = this.#parts;
    if (effect.type === 'record') await this.#record(effect.entry);
    else if (this.#isClosed) return;
    else if (effect.type === 'set_weight') setWeight(effect);
    else perform(effect);
  }

  async #record(entry: LogEntry): Promise<void> {
    const { record, clock, logger, label, onRecorded } = this.#parts;
    for (;;) {
      try {
        await record(entry);
        break;
      } catch (error) {
        if (this.#isClosed) {
          this.#hasGap = true;
          throw error;
        }
        logger.error(
          { model: label, event: entry.type, err: error },
          'an update waits: its event could not be recorded',
        );
        await new Promise<void>((resolve) => {
          clock.after(RETRY_MS, resolve);
        });
      }
    }
    if (!this.#isClosed) onRecorded(entry);
  }
}
