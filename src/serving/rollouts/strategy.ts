import { z } from 'zod';
import { camelMembers } from '../../core/casing.ts';
import type { RolloutOptions, StageOptions } from '../../core/rollout/rollout-config.ts';
import { ladderFaults } from '../../core/rollout/rollout-config-faults.ts';

/** The longest that a timer can wait, 24 days. */
const MAX_MS = 2 ** 31 - 1;

/** No ladder of weights that are multiples of 5 has more rungs. */
const MAX_STAGES = 20;

const ms = (least: number, description: string) => z.int().min(least).max(MAX_MS).optional().meta({ description });
const count = (least: number, most: number, description: string) =>
  z.int().min(least).max(most).optional().meta({ description });

const Percent = z.number().meta({ description: "The new version's share in percent: a multiple of 5." });

const StageObject = z.strictObject({
  percent: Percent,
  min_dwell_ms: ms(0, 'The least time at this weight.'),
  min_samples: count(1, 1e9, 'Answers of the new version before the stage may be passed.'),
  extended: z.boolean().optional().meta({ description: 'Also asks for probes in a row and agreement of answers.' }),
});

const Stage = z.union([Percent, StageObject], { error: ({ input }) => stageFault(input) });

const Stages = z
  .array(Stage)
  .max(MAX_STAGES)
  .superRefine((stages, context) => {
    for (const fault of ladderFaults(stages.map(stageOptions))) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({ description: 'The weights in rising order, the last one 100.', examples: [[5, 15, 30, 50, 75, 90, 100]] });

const DriftLimits = z.strictObject({
  min_top1_agreement: z.number().min(0).max(1).nullable().optional(),
  max_absolute_difference: z.number().min(0).nullable().optional(),
  min_cosine: z.number().min(-1).max(1).nullable().optional(),
});

const deadline = z.int().min(1).max(MAX_MS).optional();

const Deadlines = z.strictObject({
  pending: deadline,
  loading: deadline,
  probing: deadline,
  stage: deadline,
  baking: deadline,
  draining: deadline,
  rolling_back: deadline,
  paused: deadline,
});

/**
 * What an update is steered by, as requests and manifests write it. It is here since both sides read it, and neither
 * may import the other. What depends on several members is judged when the update begins.
 */
export const Strategy = z
  .strictObject({
    profile: z.enum(['default', 'careful']).optional().meta({
      description: 'careful: more answers at each stage, so that a version that fails 1 % is found.',
    }),
    stages: Stages.optional(),
    alpha: z.number().gt(0).max(0.5).optional().meta({
      description: 'The probability with which a good version may be rolled back, over the whole update.',
    }),
    rho: z.number().min(1).optional().meta({
      description: "How many times the old version's odds of failing are still taken as equal.",
    }),
    delta_cpu: z.number().min(0).max(100).optional().meta({
      description: 'How much more processor time the new version may take: 0.25 is a quarter more.',
    }),
    delta_wall: z.number().min(0).max(100).optional().meta({ description: 'The same for elapsed time.' }),
    first_pairs: count(0, 1e6, 'Inputs that both versions get before the first stage, to compare failures.'),
    first_time_pairs: count(0, 1e6, 'Inputs that both versions are timed on before the first stage.'),
    drift_limits: DriftLimits.optional().meta({
      description: 'How far answers may differ before a person is asked; null: any distance.',
    }),
    agreement_pairs: count(1, 1e6, 'Pairs that agreement is judged on, at least.'),
    on_failure: z.enum(['rollback', 'pause']).optional(),
    start_paused: z.boolean().optional(),
    dry_run: z.boolean().optional().meta({ description: 'Everything but the weights.' }),
    allow_signature_change: z.boolean().optional().meta({
      description: 'Whether the new version may refuse requests that the old one takes.',
    }),
    bake_ms: ms(0, 'How long the old version is still kept loaded while the new one answers everything.'),
    keep_previous_ms: ms(0, 'How long the old version stays in memory after that, unless the memory is needed.'),
    live_samples_ms: ms(0, 'Where live answers would take longer, pairs complete the count.'),
    hold_limit_ms: ms(1, 'How long suspicion may stop the ramp before a person is asked.'),
    saturation_ms: ms(1, 'How long the new version is saturated before the ramp steps back.'),
    deadlines_ms: Deadlines.optional().meta({ description: 'How long each state may last.' }),
  })
  .meta({ id: 'Strategy' });

export function rolloutOptionsOf(strategy: z.output<typeof Strategy>): RolloutOptions {
  const { stages, drift_limits, deadlines_ms, ...rest } = strategy;
  return {
    ...camelMembers(rest),
    ...(stages === undefined ? {} : { stages: stages.map(stageOptions) }),
    ...(drift_limits === undefined ? {} : { driftLimits: camelMembers(drift_limits) }),
    // These are named after states, and so in code as on the wire.
    ...(deadlines_ms === undefined ? {} : { deadlinesMs: withoutUndefined(deadlines_ms) }),
  };
}

function stageOptions(stage: z.output<typeof Stage>): StageOptions {
  return typeof stage === 'number' ? { percent: stage } : camelMembers(stage);
}

/** A union says only that nothing fits; this says what does not. */
function stageFault(input: unknown): string {
  if (typeof input !== 'object') return 'expected a number of percent, or an object with "percent"';
  const issues = StageObject.safeParse(input).error?.issues ?? [];
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // Only what was undefined is gone, and those members were optional.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
