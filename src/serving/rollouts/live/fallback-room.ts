import { fullFallbackBudget, takeFallback } from '../../../core/rollout/fallback-budget.ts';
import type { Clock } from '../../ports/clock.ts';
import { RequestRate } from './request-rate.ts';

/** Whether the old version may run one more request in the new one's place. */
export class FallbackRoom {
  readonly #clock: Clock;
  readonly #isSuspected: () => boolean;
  readonly #rate: RequestRate;
  #budget;
  /** When the new version last answered a live request, on the monotonic clock. */
  #newAnsweredAt = Number.NEGATIVE_INFINITY;
  /** It answered nothing while a request waited for it until it was late. */
  #isNewStuck = false;

  /** @param isSuspected whether all requests that the new version fails are to be answered, whatever it costs */
  constructor(clock: Clock, isSuspected: () => boolean) {
    this.#clock = clock;
    this.#isSuspected = isSuspected;
    this.#rate = new RequestRate(clock);
    this.#budget = fullFallbackBudget(clock.monotonicMs());
  }

  /** A request of the model, to either version. */
  noteRequest(): void {
    this.#rate.note();
  }

  noteNewAnswered(): void {
    this.#newAnsweredAt = this.#clock.monotonicMs();
    this.#isNewStuck = false;
  }

  /**
   * The new version let a request wait for too long. One that is crowded still answers others; one that answers nobody
   * hangs, and its clients come first.
   *
   * @param sinceMs from when it had the request, on the monotonic clock
   */
  noteLate(sinceMs: number): void {
    if (this.#newAnsweredAt < sinceMs) this.#isNewStuck = true;
  }

  /** Takes the room for one, where there is any. */
  take(): boolean {
    const { allowed, budget } = takeFallback(this.#budget, {
      now: this.#clock.monotonicMs(),
      requestsPerSecond: this.#rate.perSecond,
      suspected: this.#isNewStuck || this.#isSuspected(),
    });
    this.#budget = budget;
    return allowed;
  }
}
