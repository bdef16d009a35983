/** A run as it was seen. */
export interface SeenRun {
  /** How much it had to do: rows, or elements. */
  readonly size: number;
  readonly ms: number;
}

/** Only runs whose sizes differ that much tell what size costs; of others it is noise that differs. */
const APART = 2;
/** No run is shorter, whatever a clock says. */
const SHORTEST_MS = 0.001;

/** Both in milliseconds, of a run of so many rows, or elements. */
export interface RunCurve {
  /** What all but the slowest run kept to, whose slowness may have had a reason of its own. */
  readonly expectedMs: (size: number) => number;
  /** What the fastest took: it can depend on more than the size. */
  readonly leastMs: (size: number) => number;
}

/**
 * What a run of a size takes, by runs that were seen, at least two: so much for being a run, and so much by the row. Of
 * runs of about one size it can not be told which is which; then it is all taken to be by the row.
 *
 * The cost of a row is the median over pairs of runs (H. Theil, 1950; P. K. Sen, 1968): neither it nor the rest is moved
 * by one run that was far off.
 *
 * Worked example: runs of 1 took 5, 5 and 50 ms, one of 4 took 8 ms. The slopes are 1, 1 and −14 ms, and so a row costs
 * 1 ms and a run 4 ms besides; all but the slowest kept to that, and a run of 8 is expected to take 12 ms.
 */
export function runCurve(runs: readonly SeenRun[]): RunCurve {
  const middle = middleOf(runs);
  const factors = runs.map(({ size, ms }) => ms / middle(size)).sort((a, b) => a - b);
  const [slow = 1, fast = 1] = [factors.at(-2), factors[0]];
  return { expectedMs: (size) => middle(size) * slow, leastMs: (size) => middle(size) * fast };
}

function middleOf(runs: readonly SeenRun[]): (size: number) => number {
  const slope = slopeOf(runs) ?? median(runs.map(({ size, ms }) => ms / size));
  const level = median(runs.map(({ size, ms }) => ms - slope * size));
  return (size) => Math.max(SHORTEST_MS, slope * size + Math.max(0, level));
}

/** Milliseconds by the row: not less than nothing, and not more than a run takes by the row with all that it is. */
function slopeOf(runs: readonly SeenRun[]): number | undefined {
  const slopes: number[] = [];
  for (const small of runs) {
    for (const large of runs) {
      if (large.size >= APART * small.size) slopes.push((large.ms - small.ms) / (large.size - small.size));
    }
  }
  if (slopes.length === 0) return undefined;
  return Math.max(0, Math.min(median(slopes), median(runs.map(({ size, ms }) => ms / size))));
}

/** The lower one of two. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
