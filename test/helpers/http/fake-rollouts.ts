import { AppError } from '../../../src/core/errors.ts';
import type { ModelId } from '../../../src/core/model/model-id.ts';
import { ROLLBACK_REASONS, type RollbackReason } from '../../../src/core/rollout/reasons.ts';
import { resolveRolloutConfig } from '../../../src/core/rollout/rollout-config.ts';
import type {
  RollbackResult,
  RolloutCounters,
  RolloutServing,
  UpdateRequest,
} from '../../../src/serving/rollouts/service.ts';
import type { RolloutAction, RolloutEventView, RolloutView } from '../../../src/serving/rollouts/views.ts';

/** An update of iris in its first stage; the test says what is different about its own. */
export function rolloutView(changes: Partial<RolloutView> = {}): RolloutView {
  const arm = { ready: true, samples: 10, failures: 0, computeP50Ms: 2, computeP99Ms: Number.POSITIVE_INFINITY };
  return {
    id: 'r-1',
    modelId: 'iris',
    phase: 'stage',
    outcome: undefined,
    stage: 1,
    old: { ...arm, version: '1', weight: 95, samples: 190 },
    new: { ...arm, version: '2', weight: 5, failures: 1 },
    rollbackReason: undefined,
    rollbackFacts: undefined,
    pause: undefined,
    hold: undefined,
    breakerOpen: false,
    createdAt: 1_700_000_000_000,
    since: 1_700_000_001_000,
    endedAt: undefined,
    deadline: { of: 'stage', at: 1_700_000_002_000 },
    gate: undefined,
    evidence: { live_failures: Math.log(4), paired_failures: 5000, cpu_time: -1, wall_time: null },
    pairs: { run: 59, newOnlyFailed: 1, oldOnlyFailed: 0, timed: 20 },
    fallbacks: { answered: 1, failed: 0 },
    config: resolveRolloutConfig({ stages: [{ percent: 5 }, { percent: 100 }] }),
    lastEvent: 4,
    ...changes,
  };
}

/** Entries of a log that ends with its update. */
export function rolloutEvents(count: number): RolloutEventView[] {
  return Array.from({ length: count }, (_, i) => ({
    sequence: i + 1,
    at: 1_700_000_000_000 + i,
    type: 'entered',
    phase: i + 1 === count ? 'completed' : 'stage',
    stage: i,
    reason: 'gate_passed',
    gate: null,
    facts: { liveSamples: 59 },
  }));
}

/** Knows the views it is given, and tells what it was asked. */
export class FakeRollouts implements RolloutServing {
  views: RolloutView[] = [];
  readonly updates: { readonly request: UpdateRequest; readonly signal: AbortSignal }[] = [];
  readonly actions: { readonly id: string; readonly action: RolloutAction }[] = [];
  readonly rollbacks: ModelId[] = [];
  readonly streams: { readonly id: string; readonly after: number; readonly signal: AbortSignal }[] = [];
  /** What changes something rejects with this while it is set. */
  failure: unknown;
  counts: Partial<RolloutCounters> = {};
  onUpdate: () => Promise<void> = () => Promise.resolve();
  onEvents: (after: number, signal: AbortSignal) => AsyncIterable<RolloutEventView> = async function* () {};

  async update(request: UpdateRequest, signal: AbortSignal): Promise<RolloutView> {
    this.updates.push({ request, signal });
    this.#failIfTold();
    await this.onUpdate();
    return rolloutView({ modelId: request.modelId });
  }

  list(modelId: ModelId | undefined): readonly RolloutView[] {
    return this.views.filter((view) => modelId === undefined || view.modelId === modelId);
  }

  describe(id: string): RolloutView {
    const view = this.views.find((each) => each.id === id);
    if (view === undefined) throw new AppError('rollout_not_found', `There is no rollout "${id}".`);
    return view;
  }

  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RolloutEventView> {
    this.describe(id);
    this.streams.push({ id, after, signal });
    return this.onEvents(after, signal);
  }

  async control(id: string, action: RolloutAction): Promise<RolloutView> {
    this.actions.push({ id, action });
    this.#failIfTold();
    return this.describe(id);
  }

  async rollback(modelId: ModelId): Promise<RollbackResult> {
    this.rollbacks.push(modelId);
    this.#failIfTold();
    const rollout = this.list(modelId)[0];
    return { modelId, servingVersion: '1', replacedVersion: '2', rollout };
  }

  counters(): RolloutCounters {
    return {
      attempts: 0,
      completed: 0,
      rolledBack: 0,
      aborted: 0,
      // The entries are those of the list of all reasons.
      rollbacksByReason: Object.fromEntries(ROLLBACK_REASONS.map((reason) => [reason, 0])) as Record<
        RollbackReason,
        number
      >,
      fallbacksAnswered: 0,
      fallbacksFailed: 0,
      ...this.counts,
    };
  }

  #failIfTold(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
