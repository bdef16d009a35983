const AGREEMENT = 0.05;
const MAX_RUNS = 10;
const LAST = 3;

/**
 * Whether an input has to be run once more on a version before its time is taken: until two consecutive runs agree
 * within 5 % of the longer, at most 10 times.
 */
export function needsAnotherRun(runsMs: readonly number[]): boolean {
  if (runsMs.length >= MAX_RUNS) return false;
  const [last, before] = [runsMs.at(-1), runsMs.at(-2)];
  if (last === undefined || before === undefined) return true;
  return Math.abs(last - before) > AGREEMENT * Math.max(last, before);
}

/** The time that is compared: the least of the last three runs. Undefined without a run. */
export function settledTimeMs(runsMs: readonly number[]): number | undefined {
  return runsMs.length === 0 ? undefined : Math.min(...runsMs.slice(-LAST));
}
