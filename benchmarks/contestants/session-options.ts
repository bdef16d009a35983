import type { InferenceSession } from 'onnxruntime-node';
import { sessionOptions as runnerOptions } from '../../src/adapters/onnx/runner/session-options.ts';

/** What EchoServe's runners ask of onnxruntime; the other contestants ask the same. */
export function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return runnerOptions({ intraOpThreads: threads, shareWeights: false });
}
