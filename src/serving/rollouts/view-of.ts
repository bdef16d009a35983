import { nextDeadline } from '../../core/rollout/deadlines.ts';
import type { StageMeasurements } from '../../core/rollout/gate-report.ts';
import { evaluateGate } from '../../core/rollout/gates.ts';
import type { LogEntry } from '../../core/rollout/log-entry.ts';
import type { LogShares } from '../../core/rollout/reasons.ts';
import { isTerminal, outcomeOf, type RolloutState } from '../../core/rollout/rollout-state.ts';
import type { Arm } from '../../core/traffic/assignment.ts';
import type { Comparisons } from './comparing/comparisons.ts';
import type { RolloutIdentity } from './driving/identity.ts';
import type { ArmFigures } from './live/arm-figures.ts';
import type { ArmView, RolloutView } from './views.ts';

interface Seen {
  readonly identity: RolloutIdentity;
  readonly state: RolloutState;
  readonly newPercent: number;
  readonly figures: Readonly<Record<Arm, ArmFigures>>;
  readonly logShares: LogShares;
  readonly comparisons: Pick<Comparisons, 'run' | 'newOnlyFailed' | 'oldOnlyFailed' | 'timed'>;
  readonly fallbacks: RolloutView['fallbacks'];
  /** Undefined outside of stages and the bake. */
  readonly measured: StageMeasurements | undefined;
  readonly entries: readonly LogEntry[];
  readonly now: number;
}

export function viewOf(seen: Seen): RolloutView {
  const { identity, state, comparisons, measured, entries, now } = seen;
  const { id, modelId, config, createdAt } = identity;
  const rollback = entries.findLast((entry) => entry.type === 'rollback_began');
  const deadline = nextDeadline(state, config);
  const { run, newOnlyFailed, oldOnlyFailed, timed } = comparisons;
  return {
    id,
    modelId,
    phase: state.phase,
    outcome: outcomeOf(state),
    stage: state.stage,
    ...armsOf(seen),
    rollbackReason: state.rollbackReason ?? undefined,
    rollbackFacts: rollback?.facts,
    pause: state.pause ?? undefined,
    hold: state.hold ?? undefined,
    breakerOpen: state.breakerOpen,
    createdAt,
    since: state.since,
    endedAt: isTerminal(state) ? state.at : undefined,
    deadline: deadline === undefined ? undefined : { of: deadline.kind, at: deadline.at },
    gate: measured === undefined ? undefined : evaluateGate(state, measured, now, config),
    evidence: seen.logShares,
    pairs: { run, newOnlyFailed, oldOnlyFailed, timed },
    fallbacks: { ...seen.fallbacks },
    config,
    lastEvent: state.sequence,
  };
}

/** What has ended has no split any more: the one that serves has it all. */
function armsOf({ identity, state, newPercent, figures }: Seen): { readonly old: ArmView; readonly new: ArmView } {
  const { oldVersion, newVersion, config } = identity;
  const serves = state.phase === 'completed' && !config.dryRun ? 100 : 0;
  const percent = isTerminal(state) ? serves : newPercent;
  return {
    old: { version: oldVersion, weight: 100 - percent, ready: state.oldReady, ...figuresOf(figures.old) },
    new: { version: newVersion, weight: percent, ready: state.newReady, ...figuresOf(figures.new) },
  };
}

function figuresOf(figures: ArmFigures) {
  const { samples, failures } = figures;
  return { samples, failures, computeP50Ms: figures.quantileMs(0.5), computeP99Ms: figures.quantileMs(0.99) };
}
