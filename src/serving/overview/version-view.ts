import type { ModelId } from '../../core/model/model-id.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import { isBatchable } from '../../core/model/signature.ts';
import type { VersionName } from '../../core/model/version.ts';
import { effectiveOptions } from '../lifecycle/load-options.ts';
import type { Residency } from '../lifecycle/residency.ts';
import { type Resident, UNKNOWN_HEALTH } from '../lifecycle/resident.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { PreparedModel, Runner } from '../ports/engine.ts';
import { VersionStatistics } from '../running/statistics.ts';
import type { HealthView, LoadProgress, StateView, VersionView } from './views.ts';

type InspectedMember =
  | 'digest'
  | 'inputs'
  | 'outputs'
  | 'batchable'
  | 'unbatchableReason'
  | 'parameterCount'
  | 'weightBytes'
  | 'rewrites'
  | 'producer'
  | 'opsets';
type BatchingMember = 'maxBatchSize' | 'maxQueueDelayUs' | 'preferredBatchSizes';
type LoadedMembers = Pick<
  VersionView,
  | InspectedMember
  | BatchingMember
  | 'instances'
  | 'intraOpThreads'
  | 'threadsFrom'
  | 'shareWeights'
  | 'stateful'
  | 'runnerPid'
  | 'runners'
  | 'loadedAt'
  | 'loadTimeMs'
>;

/** Who gets how much of a model's unpinned traffic while it is being updated. */
export interface TrafficShares {
  /** Percent; undefined where no update of the model is under way. */
  weightOf(modelId: ModelId, version: VersionName): number | undefined;
}

/** A version that is here, or on its way. */
export function residentView(resident: Resident, residency: Residency, split: TrafficShares): VersionView {
  const serving = residency.isServing(resident);
  const percent = split.weightOf(resident.modelId, resident.version) ?? (serving ? 100 : 0);
  return {
    modelId: resident.modelId,
    version: resident.version,
    state: resident.state,
    reason: resident.state === 'failed' ? resident.reason : undefined,
    progress: progressOf(resident),
    lastExit: resident.loaded?.supervisor.lastExit,
    serving,
    weight: percent / 100,
    pinned: resident.pinned,
    source: resident.settings.source,
    ...loadedMembers(resident),
    allocation: resident.requirement?.allocation,
    reservedBytes: resident.reservedBytes,
    measuredBytes: resident.footprint?.pssBytes,
    sharedBytes: resident.footprint?.sharedBytes,
    peakBytes: resident.footprint?.peakBytes,
    health: healthOf(resident),
    statistics: resident.statistics.snapshot(),
  };
}

/** A version whose files are here and which is not loaded. */
export function absentView(files: CatalogVersion, defaultTimeoutMs: number | undefined): VersionView {
  const options = effectiveOptions(files.manifest, {}, defaultTimeoutMs);
  return {
    modelId: files.modelId,
    version: files.version,
    state: 'absent',
    reason: undefined,
    progress: undefined,
    lastExit: undefined,
    serving: false,
    weight: 0,
    pinned: false,
    source: undefined,
    ...NOT_LOADED,
    ...batchingMembers(options),
    instances: options.instances,
    shareWeights: options.shareWeights,
    allocation: undefined,
    reservedBytes: undefined,
    measuredBytes: undefined,
    sharedBytes: undefined,
    peakBytes: undefined,
    health: UNKNOWN_HEALTH,
    statistics: new VersionStatistics().snapshot(),
  };
}

const NOT_LOADED: LoadedMembers = {
  digest: undefined,
  inputs: [],
  outputs: [],
  batchable: false,
  unbatchableReason: undefined,
  maxBatchSize: 1,
  maxQueueDelayUs: 0,
  preferredBatchSizes: [],
  instances: 1,
  intraOpThreads: undefined,
  threadsFrom: undefined,
  shareWeights: false,
  stateful: undefined,
  parameterCount: undefined,
  weightBytes: undefined,
  rewrites: [],
  producer: undefined,
  opsets: {},
  runnerPid: undefined,
  runners: [],
  loadedAt: undefined,
  loadTimeMs: undefined,
};

/** What the file itself tells. */
export function inspectedMembers({ digest, inspection }: PreparedModel): Pick<VersionView, InspectedMember> {
  const { signature } = inspection;
  return {
    digest,
    inputs: signature.inputs,
    outputs: signature.outputs,
    batchable: isBatchable(signature),
    unbatchableReason: undefined,
    parameterCount: inspection.parameterCount,
    weightBytes: Object.values(inspection.weightBytesByDatatype).reduce((sum, bytes) => sum + bytes, 0),
    rewrites: inspection.rewrites,
    producer: inspection.producer,
    opsets: inspection.opsets,
  };
}

function loadedMembers(resident: Resident): LoadedMembers {
  const { loaded } = resident;
  if (loaded === undefined) return NOT_LOADED;
  const { runner, runners, threadsFrom } = loaded.supervisor;
  return {
    ...inspectedMembers(loaded.prepared),
    // The runtime knows shapes that the file leaves open.
    ...(runner === undefined ? {} : membersOfRunner(runner)),
    ...batchingMembers(loaded.options),
    instances: loaded.options.instances,
    intraOpThreads: runner?.intraOpThreads ?? loaded.options.intraOpThreads,
    threadsFrom,
    shareWeights: loaded.options.shareWeights,
    stateful: stateOf(loaded.prepared, loaded.options, loaded.supervisor.openSequences),
    runnerPid: runner?.pid,
    runners: runners.map(({ pid, intraOpThreads }) => ({ pid, intraOpThreads })),
    loadedAt: loaded.loadedAt,
    loadTimeMs: loaded.loadTimeMs,
  };
}

/** Undefined of a model without states. */
export function stateOf(
  { state }: PreparedModel,
  { maxSequences, sequenceIdleMs }: ModelOptions,
  openSequences: number,
): StateView | undefined {
  return state === undefined ? undefined : { tensors: state, openSequences, maxSequences, sequenceIdleMs };
}

function batchingMembers({
  maxBatchSize,
  maxQueueDelayUs,
  preferredBatchSizes,
}: ModelOptions): Pick<VersionView, BatchingMember> {
  return { maxBatchSize, maxQueueDelayUs, preferredBatchSizes };
}

function membersOfRunner({ signature, rowsDepend }: Runner) {
  return {
    inputs: signature.inputs,
    outputs: signature.outputs,
    batchable: isBatchable(signature) && rowsDepend === undefined,
    unbatchableReason: rowsDepend,
  };
}

function progressOf(resident: Resident): LoadProgress | undefined {
  if (resident.successor !== undefined) return resident.successor.progress;
  if (isRestarting(resident)) return { phase: 'restarting', bytesDone: undefined, bytesTotal: undefined };
  return resident.progress;
}

/** What was found at the last check, unless it is plain to see that the version can not answer. */
function healthOf(resident: Resident): HealthView {
  if (resident.state !== 'failed' && !isRestarting(resident)) return resident.health;
  return { ...resident.health, status: 'unhealthy' };
}

function isRestarting(resident: Resident): boolean {
  return resident.state === 'ready' && resident.loaded?.supervisor.isRestarting === true;
}
