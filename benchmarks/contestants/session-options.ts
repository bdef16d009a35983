import type { InferenceSession } from 'onnxruntime-node';

/** What EchoServe's runners ask of onnxruntime; the other contestants ask the same. */
export function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  };
}
