import type { z } from 'zod';
import type { TensorSpec } from '../../core/model/signature.ts';
import type { HealthView, ModelView, VersionView } from '../../serving/overview/views.ts';
import type { TensorMetadata } from '../schemas/common.ts';
import type { HealthReport } from '../schemas/health.ts';
import type { Model, ModelList } from '../schemas/model.ts';
import type { ModelVersion } from '../schemas/model-version.ts';
import { presentAllocation } from './allocation.ts';
import { presentStatistics } from './statistics.ts';
import { orNull, timestamp } from './units.ts';

type VersionSummary = z.output<typeof ModelList>['models'][number]['versions'][number];

export function presentVersion(view: VersionView): z.output<typeof ModelVersion> {
  return {
    model_id: view.modelId,
    version: view.version,
    state: view.state,
    reason: orNull(view.reason),
    progress: presentProgress(view),
    last_exit: orNull(view.lastExit),
    serving: view.serving,
    weight: view.weight,
    pinned: view.pinned,
    source: orNull(view.source),
    digest: orNull(view.digest),
    producer: orNull(view.producer),
    opsets: { ...view.opsets },
    rewrites: [...view.rewrites],
    batchable: view.batchable,
    unbatchable_reason: orNull(view.unbatchableReason),
    inputs: view.inputs.map(presentTensor),
    outputs: view.outputs.map(presentTensor),
    stateful: presentState(view),
    allocation: presentAllocation(view),
    health: presentHealth(view.health),
    statistics: presentStatistics(view.statistics),
    runner_pid: orNull(view.runnerPid),
    runner_pids: view.runners.map(({ pid }) => pid),
    loaded_at: timestamp(view.loadedAt),
    load_time_ms: orNull(view.loadTimeMs),
  };
}

/** @param rolloutId of the update that is under way */
export function presentModel(view: ModelView, rolloutId: string | undefined): z.output<typeof Model> {
  return { ...presentHead(view, rolloutId), versions: view.versions.map(presentVersion) };
}

/** @param underWay the ids of updates by model */
export function presentModelList(
  views: readonly ModelView[],
  underWay: ReadonlyMap<string, string>,
): z.output<typeof ModelList> {
  return {
    models: views.map((view) => ({
      ...presentHead(view, underWay.get(view.modelId)),
      versions: view.versions.map(presentSummary),
    })),
  };
}

export function presentHealth(view: HealthView): z.output<typeof HealthReport> {
  return {
    status: view.status,
    last_check: timestamp(view.lastCheckAt),
    checks: view.checks.map(({ durationMs, ...check }) => ({ ...check, duration_ms: durationMs })),
  };
}

export function presentTensor({ name, datatype, shape }: TensorSpec): z.output<typeof TensorMetadata> {
  return { name, datatype, shape: [...shape] };
}

function presentState({ stateful }: VersionView): z.output<typeof ModelVersion>['stateful'] {
  if (stateful === undefined) return null;
  const { tensors, openSequences, maxSequences, sequenceIdleMs } = stateful;
  return {
    tensors: tensors.map(({ input, output, datatype, rowShape }) => ({
      input,
      output,
      datatype,
      shape: [-1, ...rowShape],
    })),
    open_sequences: openSequences,
    max_sequences: maxSequences,
    sequence_idle_ms: sequenceIdleMs,
  };
}

function presentHead(view: ModelView, rolloutId: string | undefined) {
  return {
    model_id: view.modelId,
    description: orNull(view.description),
    serving_version: orNull(view.servingVersion),
    previous_version: orNull(view.previousVersion),
    latest_version: orNull(view.latestVersion),
    traffic: view.versions.filter((each) => each.weight > 0).map(({ version, weight }) => ({ version, weight })),
    rollout: orNull(rolloutId),
  };
}

function presentSummary(view: VersionView): VersionSummary {
  return {
    version: view.version,
    state: view.state,
    reason: orNull(view.reason),
    progress: presentProgress(view),
    serving: view.serving,
    weight: view.weight,
    pinned: view.pinned,
    runner_pids: view.runners.map(({ pid }) => pid),
    health: view.health.status,
  };
}

function presentProgress({ progress }: VersionView): z.output<typeof ModelVersion>['progress'] {
  if (progress === undefined) return null;
  return {
    phase: progress.phase,
    bytes_done: orNull(progress.bytesDone),
    bytes_total: orNull(progress.bytesTotal),
  };
}
