import { integerTensor } from '../../adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../adapters/onnx/model-file/writer.ts';

/** Elements of one answer: 2 TB at a batch of 1, more than any machine has for it. */
const ELEMENTS = 2 ** 39;

/** A file of a few bytes whose answers fit into no memory: what must be refused before it is run. */
export function hugeAnswerModel(): Uint8Array {
  return modelProto({
    graph: {
      name: 'huge answer',
      inputs: [{ name: 'measurements', datatype: 'FP32', shape: ['batch', 1] }],
      outputs: [{ name: 'copies', datatype: 'FP32', shape: ['batch', ELEMENTS] }],
      initializers: [integerTensor('times', [2], [1, ELEMENTS])],
      nodes: [{ op: 'Tile', inputs: ['measurements', 'times'], outputs: ['copies'] }],
    },
  });
}
