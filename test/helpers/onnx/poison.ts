import { integerTensor } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';

const INT64_MIN = -9_223_372_036_854_775_808n;

/**
 * `y = INT64_MIN / x`, INT64 [−1]. An `x` of −1 ends the process: the quotient does not fit, onnxruntime 1.30 checks
 * for a divisor of 0 only, and the processor raises SIGFPE. Any other `x` but 0 is answered. Batchable.
 */
export function crashesOnMinusOne(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [{ op: 'Div', inputs: ['least', 'x'], outputs: ['y'] }],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'INT64', shape: ['batch'] }],
      initializers: [integerTensor('least', [1], [INT64_MIN])],
    },
  });
}
