import type { AppError } from '../../core/errors.ts';
import { DEFAULT_PRIORITY } from '../../core/traffic/priority.ts';
import { AnswerRate } from './answer-rate.ts';
import { queueFull } from './refusals.ts';
import type { Ticket } from './ticket.ts';

/** Longer ones would only send clients away: by then the rate is another. */
const LONGEST_RETRY_S = 60;

/**
 * Everything that a version has not finished with: waiting for a runner, at one, or answered by us and still at one.
 * Bounded; when it is full, a request takes the place of a less urgent one that nobody has begun with. How urgent one is
 * is what its header says: the front does not look into bodies.
 */
export class TicketQueue implements Iterable<Ticket> {
  readonly #label: string;
  readonly #limit: number;
  readonly #tickets = new Set<Ticket>();
  readonly #rate = new AnswerRate();
  /** The least urgent that ever waited: who is no more urgent takes nobody's place, and nobody looks for one. */
  #leastUrgent = 0;

  constructor(label: string, limit: number) {
    this.#label = label;
    this.#limit = limit;
  }

  get size(): number {
    return this.#tickets.size;
  }

  [Symbol.iterator](): IterableIterator<Ticket> {
    return this.#tickets.values();
  }

  /**
   * Undefined where it has a place now; why it has none otherwise.
   * @param nowMs monotonic
   */
  add(ticket: Ticket, nowMs: number): AppError | undefined {
    if (this.#tickets.size >= this.#limit) {
      const refusal = queueFull(this.#label, this.#limit, this.#retryAfterS(nowMs));
      const place = this.#lessUrgent(urgencyOf(ticket));
      if (place === undefined) return refusal;
      this.delete(place);
      place.fail(refusal);
    }
    if (this.#tickets.size === 0) this.#rate.begin(nowMs);
    else this.#rate.tick(nowMs);
    this.#tickets.add(ticket);
    this.#leastUrgent = Math.max(this.#leastUrgent, urgencyOf(ticket));
    return undefined;
  }

  delete(ticket: Ticket): void {
    if (this.#tickets.delete(ticket)) this.#rate.note();
  }

  clear(): void {
    this.#tickets.clear();
  }

  /** The least urgent one, and of those the last that came, out of the hands of its runner. */
  #lessUrgent(urgency: number): Ticket | undefined {
    if (urgency >= this.#leastUrgent) return undefined;
    const waiting = [...this.#tickets].filter((ticket) => urgencyOf(ticket) > urgency && !ticket.answered);
    const lastFirst = waiting.toReversed().toSorted((a, b) => urgencyOf(b) - urgencyOf(a));
    return lastFirst.find(({ runner, request }) => runner === undefined || runner.withdraw(request));
  }

  /** When what waits now will have been answered, at the rate at which answers come. */
  #retryAfterS(nowMs: number): number {
    const waitMs = this.#rate.msFor(this.#tickets.size, nowMs) ?? 0;
    return Math.min(LONGEST_RETRY_S, Math.max(1, Math.ceil(waitMs / 1000)));
  }
}

/** Smaller is more urgent. */
function urgencyOf({ request }: Ticket): number {
  return request.priority ?? DEFAULT_PRIORITY;
}
