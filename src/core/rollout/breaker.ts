/** Failures of the new version without a success between that open the breaker. */
export const BREAKER_FAILURES = 3;

/**
 * Takes the new version out of the traffic before any test could convict it. It is no verdict: three failures in a row
 * may be three bad requests, and pairs find that out. Plain data.
 */
export interface Breaker {
  readonly failuresInRow: number;
  readonly open: boolean;
}

export const CLOSED_BREAKER: Breaker = { failuresInRow: 0, open: false };

/**
 * The breaker after one live outcome of the new version, in the order in which outcomes become known. Once it is open
 * nothing that was already under way closes it: pairs do, which begin anew with
 * {@link CLOSED_BREAKER}.
 */
export function noteOutcome({ failuresInRow, open }: Breaker, failed: boolean): Breaker {
  const inRow = failed ? failuresInRow + 1 : 0;
  return { failuresInRow: inRow, open: open || inRow >= BREAKER_FAILURES };
}
