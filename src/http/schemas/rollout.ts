import { z } from 'zod';
import { ROLLBACK_REASONS } from '../../core/rollout/reasons.ts';
import { PHASES } from '../../core/rollout/rollout-state.ts';
import { Strategy } from '../../serving/rollouts/strategy.ts';
import { Timestamp } from './common.ts';
import { Gate } from './gate.ts';

export const RolloutParams = z.object({
  rollout_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, "_" and "-", at most 64'),
});

export const Facts = z
  .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
  .meta({ description: 'The numbers behind it.' });

export const Outcome = z.enum(['completed', 'rolled_back', 'aborted']);

const Arm = z.object({
  version: z.string(),
  weight: z.number().meta({ description: "Its share of the model's unpinned traffic, 0 to 1." }),
  ready: z.boolean(),
  samples: z.int().meta({ description: 'Live requests that were drawn for it and whose outcome is known.' }),
  failures: z.int(),
  compute_p50_ms: z.number().nullable(),
  compute_p99_ms: z.number().nullable().meta({ description: 'An upper bound.' }),
});

const Evidence = z.object({
  share: z.number().nullable().meta({ description: 'π·E; null where nothing was measured.' }),
  log_share: z.number().nullable(),
});

export const Rollout = z
  .object({
    rollout_id: z.string(),
    model_id: z.string(),
    from_version: z.string(),
    to_version: z.string(),
    state: z.enum(PHASES),
    stage: z.int().meta({ description: '1 for the first of the stages, 0 before it.' }),
    stages: z.array(
      z.object({ percent: z.number(), min_dwell_ms: z.int(), min_samples: z.int(), extended: z.boolean() }),
    ),
    outcome: Outcome.nullable().meta({ description: 'Null while it is under way.' }),
    traffic: z.object({ old: Arm, new: Arm }),
    rollback: z.object({ reason: z.enum(ROLLBACK_REASONS), facts: Facts }).nullable(),
    pause: z
      .object({
        reason: z.string(),
        since: Timestamp,
        withdrawn: z.boolean().meta({ description: 'The new version failed and has no traffic meanwhile.' }),
      })
      .nullable(),
    hold: z.object({ cause: z.string(), since: Timestamp }).nullable(),
    breaker_open: z.boolean(),
    created_at: Timestamp,
    since: Timestamp.meta({ description: 'Since when its state, or stage, lasts.' }),
    ended_at: Timestamp.nullable(),
    deadline: z
      .object({ of: z.string(), at: Timestamp })
      .nullable()
      .meta({ description: 'What ends by itself next, and when.' }),
    gate: Gate.nullable(),
    evidence: z.object({
      live_failures: Evidence,
      paired_failures: Evidence,
      cpu_time: Evidence,
      wall_time: Evidence,
      threshold: z.number().meta({ description: '1/α: the share of a component at which it is rolled back.' }),
    }),
    pairs: z.object({ run: z.int(), new_only_failed: z.int(), old_only_failed: z.int(), timed: z.int() }),
    fallbacks: z.object({ answered: z.int(), failed: z.int() }),
    strategy: Strategy.required().meta({ id: 'ResolvedStrategy' }),
    last_event: z.int().meta({ description: 'The number of its last event.' }),
  })
  .meta({ id: 'Rollout' });

export const RolloutList = z.object({ rollouts: z.array(Rollout) }).meta({ id: 'RolloutList' });

export const RolledBack = z
  .object({
    model_id: z.string(),
    serving_version: z.string(),
    replaced_version: z.string(),
    rollout: Rollout.nullable().meta({ description: 'The update that was under way and is being rolled back.' }),
  })
  .meta({ id: 'RolledBack' });
