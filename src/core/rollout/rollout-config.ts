import { DEFAULT_PERCENTS, type RolloutProfile, type Stage, stageOf } from './stage-table.ts';

/** How far two versions' answers to one input may differ before a person is asked. Null: not limited. */
export interface DriftLimits {
  /** The least share of pairs whose largest element is the same one. */
  readonly minTop1Agreement: number | null;
  readonly maxAbsoluteDifference: number | null;
  readonly minCosine: number | null;
}

/** How long each state may last, in milliseconds. `deadlines.ts` says what happens then. */
export interface DeadlineLimits {
  readonly pending: number;
  readonly loading: number;
  readonly probing: number;
  readonly stage: number;
  readonly baking: number;
  readonly draining: number;
  readonly rolling_back: number;
  readonly paused: number;
}

/** Everything that an update is steered by. It is fixed when the update is created, and recorded with it. */
export interface RolloutConfig {
  readonly profile: RolloutProfile;
  readonly stages: readonly Stage[];
  /** The probability with which a good version may be rolled back, over the whole rollout. */
  readonly alpha: number;
  /** How many times the old version's odds of failing are still taken as equal. */
  readonly rho: number;
  /** How much more time the new version may take: 0.25 is a quarter more. */
  readonly deltaCpu: number;
  readonly deltaWall: number;
  /** Distinct inputs that both versions get before stage 1, where so many are recorded: for failures, and for time. */
  readonly firstPairs: number;
  readonly firstTimePairs: number;
  readonly driftLimits: DriftLimits;
  /** Pairs that agreement is judged on, at least. */
  readonly agreementPairs: number;
  /** Whether a version that fails is rolled back, or kept at weight 0 until a person decides. */
  readonly onFailure: 'rollback' | 'pause';
  readonly startPaused: boolean;
  /** Everything but the weights; in the end the new version is unloaded. */
  readonly dryRun: boolean;
  /** Whether the new version may refuse requests that the old one takes. */
  readonly allowSignatureChange: boolean;
  /** How long the new version answers everything while the old one is still kept loaded. */
  readonly bakeMs: number;
  /** How long the old version stays in memory after that, unless the memory is needed. */
  readonly keepPreviousMs: number;
  /** Where live samples would take longer, pairs complete the count. */
  readonly liveSamplesMs: number;
  /** How long suspicion may stop the ramp before a person is asked. */
  readonly holdLimitMs: number;
  /** How long the new version is saturated before the ramp steps back. */
  readonly saturationMs: number;
  readonly deadlinesMs: DeadlineLimits;
}

/** A stage of which only the weight must be said. */
export type StageOptions = Pick<Stage, 'percent'> & Partial<Stage>;

/** What a request or a manifest may say; the rest is as {@link resolveRolloutConfig} has it. */
export type RolloutOptions = Partial<Omit<RolloutConfig, 'stages' | 'driftLimits' | 'deadlinesMs'>> & {
  readonly stages?: readonly StageOptions[];
  readonly driftLimits?: Partial<DriftLimits>;
  readonly deadlinesMs?: Partial<DeadlineLimits>;
};

const MINUTE_MS = 60_000;

/**
 * A new model is meant to differ, so these catch a broken one, not a better one. The least cosine of many pairs is that of
 * the one pair that two good classifiers disagree on (0.4 on real flowers), so it has no limit unless one is given.
 */
const DRIFT_LIMITS: DriftLimits = { minTop1Agreement: 0.8, maxAbsoluteDifference: null, minCosine: null };

const DEADLINES_MS: DeadlineLimits = {
  pending: MINUTE_MS,
  loading: 10 * MINUTE_MS,
  probing: 10 * MINUTE_MS,
  stage: 30 * MINUTE_MS,
  baking: 10 * MINUTE_MS,
  draining: MINUTE_MS,
  rolling_back: MINUTE_MS,
  paused: 24 * 60 * MINUTE_MS,
};

const DEFAULTS: Omit<RolloutConfig, 'profile' | 'stages' | 'firstPairs'> = {
  alpha: 0.01,
  rho: 1.25,
  deltaCpu: 0.25,
  deltaWall: 1,
  firstTimePairs: 20,
  driftLimits: DRIFT_LIMITS,
  agreementPairs: 20,
  onFailure: 'rollback',
  startPaused: false,
  dryRun: false,
  allowSignatureChange: false,
  bakeMs: 10_000,
  keepPreviousMs: 10 * MINUTE_MS,
  liveSamplesMs: MINUTE_MS,
  holdLimitMs: 2 * MINUTE_MS,
  saturationMs: 30_000,
  deadlinesMs: DEADLINES_MS,
};

/** Fills in what was not said. It does not judge: `rolloutConfigFaults` does. */
export function resolveRolloutConfig(options: RolloutOptions = {}): RolloutConfig {
  const profile = options.profile ?? 'default';
  const stages = options.stages ?? DEFAULT_PERCENTS.map((percent): StageOptions => ({ percent }));
  return {
    firstPairs: profile === 'careful' ? 299 : 59,
    ...DEFAULTS,
    ...options,
    profile,
    stages: stages.map((stage) => ({ ...stageOf(stage.percent, profile), ...stage })),
    driftLimits: { ...DRIFT_LIMITS, ...options.driftLimits },
    deadlinesMs: { ...DEADLINES_MS, ...options.deadlinesMs },
  };
}

/** The second over the first, member by member: a request's over a manifest's. Stages are one member. */
export function mergeRolloutOptions(base: RolloutOptions, over: RolloutOptions): RolloutOptions {
  const driftLimits = { ...base.driftLimits, ...over.driftLimits };
  const deadlinesMs = { ...base.deadlinesMs, ...over.deadlinesMs };
  return {
    ...base,
    ...over,
    ...(Object.keys(driftLimits).length === 0 ? {} : { driftLimits }),
    ...(Object.keys(deadlinesMs).length === 0 ? {} : { deadlinesMs }),
  };
}
