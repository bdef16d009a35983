import type { RunCurve } from './run-curve.ts';
import type { WaitingRequest } from './waiting.ts';

type Choice =
  | { readonly kind: 'run'; readonly batch: readonly WaitingRequest[] }
  | { readonly kind: 'drop'; readonly late: readonly WaitingRequest[] };

interface Round {
  readonly members: readonly WaitingRequest[];
  readonly endMs: number;
  /** Behind the last of them that was looked at. */
  readonly next: number;
}

/**
 * Of the time that a request has, for its answer's way back: past a model's capacity all answers are given at the last
 * moment, and nearly all of them would be late for that way.
 */
const RESERVED_SHARE = 0.1;
const MOST_RESERVED_MS = 25;

/** When the answer to a request should leave, where there is something else to be answered. */
export function dueMs({ arrivedAtMs, deadlineMs }: Pick<WaitingRequest, 'arrivedAtMs' | 'deadlineMs'>): number {
  return deadlineMs - Math.min(MOST_RESERVED_MS, RESERVED_SHARE * (deadlineMs - arrivedAtMs));
}

/** Further ones will be looked at when it is nearly their turn. */
const LOOK_AHEAD = 512;

interface Situation {
  /** Of runs by their rows. */
  readonly curve: RunCurve;
  readonly nowMs: number;
  /** Requests that can share a run with the batch, its own among them, in the order of the line. */
  readonly alike: readonly WaitingRequest[];
  /** Whether something waits besides the batch. */
  readonly isMore: boolean;
}

/**
 * Of a batch that may be too slow for some of its requests: what is expected to be late even by itself is dropped.
 * Otherwise the batch is made as short as lets the most of what waits be answered in time. A shorter batch saves the
 * first in line at the cost of all behind it, where a run of more rows takes less time by the row: with many in line it
 * is the full batches that answer the most, and those that are too late for one are passed over until they are dropped.
 *
 * Worked example: a run of 1 takes 5 ms, one of 2 takes 6 ms and one of 4 takes 8 ms; a has 6.5 ms left, b to d have 100.
 * In a batch of 4, a is lost. In batches of 2 all are answered, and so a and b go now.
 *
 * Only requests as urgent as the first count: none of them is lost for a less urgent one. And where there is nothing else
 * to be run, a request is tried as long as the fastest run would do: it takes nobody's time.
 *
 * @param batch requests that can share a run, in the order of the line; at least one
 */
export function inTime(batch: readonly WaitingRequest[], { curve, nowMs, alike, isMore }: Situation): Choice {
  const { expectedMs, leastMs } = curve;
  const allRows = batch.reduce((sum, { rows }) => sum + rows, 0);
  const endMs = nowMs + expectedMs(allRows);
  if (batch.every((request) => dueMs(request) >= endMs)) return { kind: 'run', batch };
  const late = batch.filter((request) => dueMs(request) < nowMs + expectedMs(request.rows));
  if (late.length === batch.length && !isMore) return lastChance(batch, leastMs, nowMs);
  if (late.length > 0) return { kind: 'drop', late };
  const equals = alike.filter(({ priority }) => priority === batch[0]?.priority).slice(0, LOOK_AHEAD);
  const best = { rows: allRows, answered: 0 };
  for (let rows = allRows; rows >= 1; rows = Math.floor(rows / 2)) {
    const answered = answeredInTime(equals, rows, expectedMs, nowMs);
    if (answered > best.answered) Object.assign(best, { rows, answered });
  }
  const { members } = round(alike, 0, best.rows, expectedMs, nowMs);
  return { kind: 'run', batch: members.length > 0 ? members : batch };
}

/** All that waits is expected to be late. */
function lastChance(batch: readonly WaitingRequest[], leastMs: RunCurve['leastMs'], nowMs: number): Choice {
  const tried = batch.find(({ deadlineMs, rows }) => deadlineMs >= nowMs + leastMs(rows));
  return tried === undefined ? { kind: 'drop', late: batch } : { kind: 'run', batch: [tried] };
}

/** How many are answered in time when all that wait are run in batches of so many rows. */
function answeredInTime(
  requests: readonly WaitingRequest[],
  rows: number,
  expectedMs: RunCurve['expectedMs'],
  nowMs: number,
): number {
  let answered = 0;
  let endMs = nowMs;
  for (let at = 0; at < requests.length; ) {
    const { members, next, endMs: doneMs } = round(requests, at, rows, expectedMs, endMs);
    if (members.length > 0) endMs = doneMs;
    answered += members.length;
    at = next;
  }
  return answered;
}

/** The next batch of so many rows, or of one request that has more. Those that it is too late for are passed over. */
function round(
  requests: readonly WaitingRequest[],
  from: number,
  rows: number,
  expectedMs: RunCurve['expectedMs'],
  beginsMs: number,
): Round {
  const members: WaitingRequest[] = [];
  const mostRows = Math.max(rows, requests[from]?.rows ?? 0);
  const endMs = beginsMs + expectedMs(mostRows);
  let left = mostRows;
  let next = from;
  for (; next < requests.length; next += 1) {
    const request = requests[next];
    if (request === undefined || request.rows > left) break;
    if (dueMs(request) < endMs) continue;
    members.push(request);
    left -= request.rows;
  }
  return { members, endMs, next };
}
