import type { Sample } from '../load/open-loop.ts';

/** A stretch of time in which something happened beside the requests. Times are of `performance.now()`. */
export interface Window<Kind extends string> {
  readonly kind: Kind;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Latencies of the requests that were under way, from due to answered, at some time in a window of `kind`. A request
 * that reaches from one window into the next counts in both.
 */
export function latenciesDuring<Kind extends string>(
  samples: readonly Sample[],
  windows: readonly Window<Kind>[],
  kind: Kind,
): readonly number[] {
  const wanted = windows.filter((window) => window.kind === kind);
  return samples
    .filter(({ dueMs, latencyMs }) => wanted.some(({ startMs, endMs }) => dueMs < endMs && dueMs + latencyMs > startMs))
    .map(({ latencyMs }) => latencyMs);
}

/** Latencies of the requests that were due and answered in one and the same window of `kind`: touched by nothing else. */
export function latenciesWithin<Kind extends string>(
  samples: readonly Sample[],
  windows: readonly Window<Kind>[],
  kind: Kind,
): readonly number[] {
  const wanted = windows.filter((window) => window.kind === kind);
  return samples
    .filter(({ dueMs, latencyMs }) =>
      wanted.some(({ startMs, endMs }) => dueMs >= startMs && dueMs + latencyMs <= endMs),
    )
    .map(({ latencyMs }) => latencyMs);
}
