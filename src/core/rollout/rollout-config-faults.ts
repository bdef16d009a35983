import { AppError } from '../errors.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { Stage } from './stage-table.ts';

/** The longest that a timer can wait, 24 days. */
const MAX_MS = 2 ** 31 - 1;

/** Everything that is wrong with a configuration, as sentences without a full stop. Empty: it can be used. */
export function rolloutConfigFaults(config: RolloutConfig): readonly string[] {
  return [
    ...ladderFaults(config.stages),
    ...config.stages.flatMap(stageFaults),
    ...rateFaults(config),
    ...driftFaults(config),
    ...durationFaults(config),
  ];
}

/** @throws AppError `invalid_request` that names every fault */
export function checkRolloutConfig(config: RolloutConfig): RolloutConfig {
  const faults = rolloutConfigFaults(config);
  if (faults.length === 0) return config;
  throw new AppError('invalid_request', `Invalid update strategy: ${faults.join('; ')}.`, { details: { faults } });
}

/** What is wrong with the weights of the stages, in their order. */
export function ladderFaults(stages: readonly Pick<Stage, 'percent'>[]): string[] {
  if (stages.length === 0) return ['"stages" can not be empty: the last stage gives the new version 100 %'];
  const percents = stages.map((stage) => stage.percent);
  const faults: string[] = [];
  const odd = percents.find((percent) => !(percent % 5 === 0 && percent >= 5 && percent <= 100));
  if (odd !== undefined) faults.push(`a stage's weight is a multiple of 5 from 5 to 100 %, not ${odd}`);
  const falls = percents.findIndex((percent, i) => i > 0 && !(percent > (percents[i - 1] ?? 0)));
  if (falls > 0) {
    faults.push(
      `weights must rise from stage to stage, but ${percents[falls - 1]} % is followed by ${percents[falls]} %`,
    );
  }
  if (percents.at(-1) !== 100) faults.push(`the last stage must be 100 %, not ${percents.at(-1)} %`);
  return faults;
}

function stageFaults({ percent, minDwellMs, minSamples }: Stage): string[] {
  return [
    ...wholeFaults(`the minimum dwell of the stage at ${percent} %`, minDwellMs, 0),
    ...wholeFaults(`the minimum samples of the stage at ${percent} %`, minSamples, 1, 1e9),
  ];
}

function rateFaults(config: RolloutConfig): string[] {
  const { alpha, rho, deltaCpu, deltaWall } = config;
  return [
    ...(alpha > 0 && alpha <= 0.5 ? [] : [`"alpha" is a probability above 0 and at most 0.5, not ${alpha}`]),
    ...(rho >= 1 && rho < Infinity ? [] : [`"rho" is a ratio of at least 1, not ${rho}`]),
    ...rangeFaults('deltaCpu', deltaCpu, 0, 100),
    ...rangeFaults('deltaWall', deltaWall, 0, 100),
    ...wholeFaults('"firstPairs"', config.firstPairs, 0, 1e6),
    ...wholeFaults('"firstTimePairs"', config.firstTimePairs, 0, 1e6),
    ...wholeFaults('"agreementPairs"', config.agreementPairs, 1, 1e6),
  ];
}

function driftFaults({ driftLimits }: RolloutConfig): string[] {
  const { minTop1Agreement, maxAbsoluteDifference, minCosine } = driftLimits;
  return [
    ...(minTop1Agreement === null ? [] : rangeFaults('minTop1Agreement', minTop1Agreement, 0, 1)),
    ...(maxAbsoluteDifference === null
      ? []
      : rangeFaults('maxAbsoluteDifference', maxAbsoluteDifference, 0, Number.MAX_VALUE)),
    ...(minCosine === null ? [] : rangeFaults('minCosine', minCosine, -1, 1)),
  ];
}

/** A state that must end before it can be passed would let no update through. */
function durationFaults(config: RolloutConfig): string[] {
  const { deadlinesMs, bakeMs, holdLimitMs } = config;
  const longestDwellMs = Math.max(0, ...config.stages.map((stage) => stage.minDwellMs));
  return [
    ...(['bakeMs', 'keepPreviousMs', 'liveSamplesMs'] as const).flatMap((name) =>
      wholeFaults(`"${name}"`, config[name], 0),
    ),
    ...(['holdLimitMs', 'saturationMs'] as const).flatMap((name) => wholeFaults(`"${name}"`, config[name], 1)),
    ...Object.entries(deadlinesMs).flatMap(([name, ms]) => wholeFaults(`the deadline of "${name}"`, ms, 1)),
    ...(deadlinesMs.stage > longestDwellMs + holdLimitMs
      ? []
      : [`the deadline of "stage" must be longer than the longest dwell and "holdLimitMs" together`]),
    ...(deadlinesMs.baking > bakeMs + holdLimitMs
      ? []
      : [`the deadline of "baking" must be longer than "bakeMs" and "holdLimitMs" together`]),
  ];
}

function wholeFaults(what: string, value: number, min: number, max = MAX_MS): string[] {
  if (Number.isInteger(value) && value >= min && value <= max) return [];
  return [`${what} is a whole number from ${min} to ${max}, not ${value}`];
}

function rangeFaults(name: string, value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [`"${name}" is a number from ${min} to ${max}, not ${value}`];
}
