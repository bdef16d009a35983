import type { Assignment, Draw } from '../../traffic/assignment.ts';
import { isBadEvent, type Outcome } from './bad-event.ts';
import type { LiveEvent } from './live.ts';

/** A live request from its draw on. */
export interface Ticket {
  readonly assignment: Assignment;
  /** The furthest stage that had begun. */
  readonly stage: number;
  readonly timeCounts: boolean;
  /** When its outcome is no longer waited for, on the caller's clock. */
  readonly deadlineAtMs: number;
}

/** How requests failed that can not be told apart: a batch that failed and could not be rerun singly, or a crash. */
export type SharedFailure = 'batch' | 'crash';

/** How long a pending request has computed, and above what that is too long. */
export type AgeOf = (order: number) => { readonly computeMs: number; readonly limitMs: number };

interface Waiting {
  readonly ticket: Ticket;
  outcome: Outcome | 'pending' | LiveEvent | 'part_of_another';
}

/**
 * Brings outcomes into the order in which their requests were drawn. Bad events in the order of completion would
 * convict the version that times out sooner: its failures come first, and the other's too late to speak for it.
 *
 * A request is waited for until its deadline at most; then it is censored at its age. Nothing is dropped after the draw.
 * It is in memory only: what is pending at a restart is lost on both sides alike.
 */
export class ReorderBuffer {
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #head = 0;

  /** Takes in a request at its draw. @returns its place in the order */
  admit(ticket: Ticket): number {
    this.#waiting.set(this.#next, { ticket, outcome: 'pending' });
    this.#next += 1;
    return this.#next - 1;
  }

  /** An outcome after the request was released, or a second one, changes nothing. */
  settle(order: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(order);
    if (waiting?.outcome === 'pending') waiting.outcome = outcome;
  }

  /**
   * Several requests of one version that failed as one: one event, in the place of the first of them.
   *
   * @param withOthers whether something that was not drawn (a pinned request, a fallback, a pair) ran with them. It may
   *   be the culprit: then an event of the new version tells nothing. One of the old version stays, since it only ever
   *   speaks for the new one, and fallbacks, which run on the old version alone, would silence it otherwise
   */
  settleTogether(orders: readonly number[], failure: SharedFailure, withOthers = false): void {
    const members = orders
      .toSorted((a, b) => a - b)
      .flatMap((order) => this.#waiting.get(order) ?? [])
      .filter(({ outcome }) => outcome === 'pending');
    const [first, ...rest] = members;
    if (first === undefined) return;
    const draws = members.map(({ ticket }) => ticket.assignment.draw);
    const isCertain = withOthers && first.ticket.assignment.arm === 'new';
    const leastProbability = isCertain ? 1 : leastFor(failure);
    first.outcome = { ...eventOf(first.ticket, draws), leastProbability };
    for (const member of rest) member.outcome = 'part_of_another';
  }

  /**
   * The bad events that are next in the order, up to the first request that is still waited for.
   *
   * @param ageOf is asked for requests that are past their deadline
   */
  release(nowMs: number, ageOf: AgeOf): readonly LiveEvent[] {
    const events: LiveEvent[] = [];
    for (let head = this.#waiting.get(this.#head); head !== undefined; head = this.#waiting.get(this.#head)) {
      if (head.outcome === 'pending') {
        if (nowMs < head.ticket.deadlineAtMs) break;
        head.outcome = { kind: 'censored', ...ageOf(this.#head) };
      }
      const event = badEvent(head);
      if (event !== undefined) events.push(event);
      this.#waiting.delete(this.#head);
      this.#head += 1;
    }
    return events;
  }

  /** Requests that wait for an outcome or for one before them. */
  get size(): number {
    return this.#waiting.size;
  }
}

function badEvent({ ticket, outcome }: Waiting): LiveEvent | undefined {
  if (outcome === 'pending' || outcome === 'part_of_another') return undefined;
  if ('draws' in outcome) return outcome;
  return isBadEvent(outcome, ticket.timeCounts) ? eventOf(ticket, [ticket.assignment.draw]) : undefined;
}

function eventOf({ assignment, stage }: Ticket, draws: readonly Draw[]): LiveEvent {
  return { arm: assignment.arm, draws, leastProbability: 0, stage };
}

function leastFor(failure: SharedFailure): number {
  switch (failure) {
    case 'batch':
      return 0;
    // A process may also crash by itself, at any weight, which is as likely on either side.
    case 'crash':
      return 1 / 2;
  }
}
