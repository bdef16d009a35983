import type { InferMessage, StartMessage } from '../../../src/adapters/onnx/runner/messages.ts';

/** What a runner is told of a model without states and with default options. */
export const START: StartMessage = {
  modelPath: '/model.onnx',
  modelId: 'm',
  version: '1',
  maxBatchSize: 32,
  maxQueueDelayUs: 0,
  preferredBatchSizes: [],
  intraOpThreads: 1,
  warmUpRuns: 0,
  labels: {},
  maxBodyBytes: 1_000_000,
  state: [],
  maxSequences: 1000,
  sequenceIdleMs: 60_000,
  mayHaveLost: false,
};

/** What a request says that wants nothing special, by JSON. */
export const MESSAGE: Omit<InferMessage, 'arrivedAtMs' | 'deadlineMs' | 'at'> = {
  alone: false,
  observe: false,
  tellsBegan: false,
  detached: false,
  contentEncoding: undefined,
  acceptEncoding: undefined,
  priority: undefined,
  headerLength: undefined,
  bytes: 100,
};
