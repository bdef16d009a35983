import type { z } from 'zod';
import { snakeMembers } from '../../core/casing.ts';
import { type Facts, finite } from '../../core/rollout/facts.ts';
import type { RolloutConfig } from '../../core/rollout/rollout-config.ts';
import type { RollbackResult } from '../../serving/rollouts/service.ts';
import type { ArmView, RolloutView } from '../../serving/rollouts/views.ts';
import type { RolledBack, Rollout } from '../schemas/rollout.ts';
import { presentGate } from './gate.ts';
import { orNull, time, timestamp, writableOrNull } from './units.ts';

type WireRollout = z.output<typeof Rollout>;

export function presentRollout(view: RolloutView): WireRollout {
  return {
    rollout_id: view.id,
    model_id: view.modelId,
    from_version: view.old.version,
    to_version: view.new.version,
    state: view.phase,
    stage: view.stage,
    stages: view.config.stages.map((stage) => snakeMembers(stage)),
    outcome: orNull(view.outcome),
    traffic: { old: presentArm(view.old), new: presentArm(view.new) },
    ...presentStops(view),
    breaker_open: view.breakerOpen,
    created_at: time(view.createdAt),
    since: time(view.since),
    ended_at: timestamp(view.endedAt),
    deadline: view.deadline === undefined ? null : { of: view.deadline.of, at: time(view.deadline.at) },
    gate: view.gate === undefined ? null : presentGate(view.gate),
    evidence: presentEvidence(view),
    pairs: snakeMembers(view.pairs),
    fallbacks: { answered: view.fallbacks.answered, failed: view.fallbacks.failed },
    strategy: presentStrategy(view.config),
    last_event: view.lastEvent,
  };
}

export function presentRollback(result: RollbackResult): z.output<typeof RolledBack> {
  return {
    model_id: result.modelId,
    serving_version: result.servingVersion,
    replaced_version: result.replacedVersion,
    rollout: result.rollout === undefined ? null : presentRollout(result.rollout),
  };
}

/** JSON has no infinities, and one is no reason to answer nothing. */
export function presentFacts(facts: Facts): Record<string, number | string | boolean | null> {
  return Object.fromEntries(
    Object.entries(snakeMembers(facts)).map(([name, value]) => [
      name,
      typeof value === 'number' ? writableOrNull(value) : value,
    ]),
  );
}

/** What stands in the way of the ramp. */
function presentStops(view: RolloutView): Pick<WireRollout, 'rollback' | 'pause' | 'hold'> {
  const { rollbackReason, rollbackFacts = {}, pause, hold } = view;
  return {
    rollback: rollbackReason === undefined ? null : { reason: rollbackReason, facts: presentFacts(rollbackFacts) },
    pause: pause === undefined ? null : { reason: pause.reason, since: time(pause.since), withdrawn: pause.withdrawn },
    hold: hold === undefined ? null : { cause: hold.cause, since: time(hold.since) },
  };
}

function presentArm(arm: ArmView): WireRollout['traffic']['old'] {
  return {
    version: arm.version,
    weight: arm.weight / 100,
    ready: arm.ready,
    samples: arm.samples,
    failures: arm.failures,
    compute_p50_ms: finiteOrNull(arm.computeP50Ms),
    compute_p99_ms: finiteOrNull(arm.computeP99Ms),
  };
}

/** A quantile past the last bucket has no upper bound. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function presentEvidence({ evidence, config }: RolloutView): WireRollout['evidence'] {
  const component = (logShare: number | null) => ({
    share: logShare === null ? null : writableOrNull(Math.exp(logShare)),
    log_share: writableOrNull(logShare),
  });
  return {
    live_failures: component(evidence.live_failures),
    paired_failures: component(evidence.paired_failures),
    cpu_time: component(evidence.cpu_time),
    wall_time: component(evidence.wall_time),
    threshold: finite(1 / config.alpha, Number.MAX_VALUE),
  };
}

function presentStrategy({ stages, driftLimits, deadlinesMs, ...rest }: RolloutConfig): WireRollout['strategy'] {
  return {
    ...snakeMembers(rest),
    stages: stages.map((stage) => snakeMembers(stage)),
    drift_limits: snakeMembers(driftLimits),
    // These are named after states, and so in code as on the wire.
    deadlines_ms: { ...deadlinesMs },
  };
}
