import type { Facts } from './facts.ts';
import type { GateReport } from './gate-report.ts';
import type { LogBody } from './log-entry.ts';
import type { AdvanceReason } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { RolloutState } from './rollout-state.ts';

type Entered = Extract<LogBody, { readonly type: 'entered' }>;

export function enter(phase: Entered['phase'], stage: number, reason: AdvanceReason, facts: Facts = {}): Entered {
  return { type: 'entered', phase, stage, reason, gate: null, facts };
}

/** Stage 1, or where a restart broke it off: at the start of its stage. */
export function firstTraffic(state: RolloutState, reason: AdvanceReason, facts: Facts = {}): Entered {
  return enter(state.resumesIn ?? 'stage', state.resumesIn === null ? 1 : state.stage, reason, facts);
}

/** What comes after a stage or the bake. A dry run ends there: there is nothing to bake at weight 0. */
export function afterStage(
  state: RolloutState,
  { stages, dryRun }: RolloutConfig,
  reason: AdvanceReason,
  gate: GateReport | null = null,
): Entered {
  const isLast = state.stage >= stages.length;
  if (state.phase === 'stage' && !isLast) return { ...enter('stage', state.stage + 1, reason), gate };
  const next = state.phase === 'stage' && !dryRun ? 'baking' : 'draining';
  return { ...enter(next, state.stage, reason), gate };
}
