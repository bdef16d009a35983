import { estimateFromInspection } from '../../../src/core/memory/estimate.ts';
import type { LatencySummary, StatisticsView, VersionView } from '../../../src/serving/overview/views.ts';

const LATENCY: LatencySummary = {
  count: 4,
  sumMs: 10,
  p50Ms: 2,
  p90Ms: 5,
  p99Ms: Number.POSITIVE_INFINITY,
  buckets: [
    { leMs: 5, count: 3 },
    { leMs: Number.POSITIVE_INFINITY, count: 4 },
  ],
};

const STATISTICS: StatisticsView = {
  succeeded: 4,
  failed: { invalid_tensor: 2, queue_full: 1 },
  inFlight: 0,
  executions: 3,
  batchSizes: { 1: 2, 2: 1 },
  lastRequestAt: 1_700_000_000_000,
  latency: { total: LATENCY, queue: LATENCY, decode: LATENCY, compute: LATENCY, encode: LATENCY },
  restarts: 0,
};

export const ALLOCATION = estimateFromInspection(
  {
    parameterCount: 51,
    weightBytesByDatatype: { FP32: 204 },
    signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }], outputs: [] },
  },
  { maxBatchSize: 32, runnerBaseBytes: 60_000_000 },
);

/** A ready, serving version; the test says what is different about its own. */
export function versionView(changes: Partial<VersionView> = {}): VersionView {
  return {
    modelId: 'iris',
    version: '1',
    state: 'ready',
    reason: undefined,
    progress: undefined,
    lastExit: undefined,
    serving: true,
    weight: 1,
    pinned: false,
    source: undefined,
    digest: 'ab'.repeat(32),
    inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ name: 'label', datatype: 'BYTES', shape: [-1] }],
    batchable: true,
    unbatchableReason: undefined,
    maxQueueDelayUs: 0,
    preferredBatchSizes: [],
    maxBatchSize: 32,
    instances: 1,
    intraOpThreads: 1,
    threadsFrom: 'model',
    shareWeights: false,
    stateful: undefined,
    parameterCount: 51,
    weightBytes: 204,
    rewrites: [],
    producer: 'test',
    opsets: { '': 21 },
    allocation: ALLOCATION,
    reservedBytes: 16_000_000,
    sharedBytes: undefined,
    measuredBytes: 15_000_000,
    peakBytes: 20_000_000,
    runnerPid: 4242,
    runners: [{ pid: 4242, intraOpThreads: 1 }],
    health: { status: 'healthy', lastCheckAt: 1_700_000_000_000, checks: [check('passed')] },
    statistics: STATISTICS,
    loadedAt: 1_700_000_000_000,
    loadTimeMs: 51.5,
    ...changes,
  };
}

/** What is known of a version whose files were never looked into. */
export function absentView(changes: Partial<VersionView> = {}): VersionView {
  return versionView({
    state: 'absent',
    serving: false,
    weight: 0,
    digest: undefined,
    inputs: [],
    outputs: [],
    batchable: false,
    parameterCount: undefined,
    weightBytes: undefined,
    allocation: undefined,
    reservedBytes: undefined,
    measuredBytes: undefined,
    peakBytes: undefined,
    threadsFrom: undefined,
    runnerPid: undefined,
    runners: [],
    health: { status: 'unknown', lastCheckAt: undefined, checks: [] },
    statistics: { ...STATISTICS, lastRequestAt: undefined },
    loadedAt: undefined,
    loadTimeMs: undefined,
    ...changes,
  });
}

function check(status: 'passed' | 'failed' | 'skipped') {
  return { name: 'synthetic inference', status, detail: 'one run with zeros', durationMs: 1.5 };
}
