import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { AppError } from '../../../core/errors.ts';
import { type ModelSignature, namedDimensions, type TensorSpec } from '../../../core/model/signature.ts';
import type { Datatype, Tensor, TensorData } from '../../../core/tensor/datatype.ts';
import { type SessionChoices, sessionOptions } from './session-options.ts';

/** onnxruntime's names for what it can take and give. It has none for BF16. */
const ORT_TYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Partial<Record<Datatype, OrtTensor.Type>>;

type Served = keyof typeof ORT_TYPES;

const DATATYPES = new Map<string, Served>(
  // Object.entries widens keys to string; these are the keys just written.
  (Object.entries(ORT_TYPES) as [Served, string][]).map(([datatype, type]) => [type, datatype]),
);

/** One loaded model. `run` blocks this process's thread until the answer is there. */
export class Session {
  readonly signature: ModelSignature;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
    this.signature = {
      inputs: session.inputMetadata.map(spec),
      outputs: session.outputMetadata.map(spec),
    };
  }

  /** @throws whatever onnxruntime says of a file that it can not load */
  static async load(path: string, choices: SessionChoices): Promise<Session> {
    const session = await InferenceSession.create(path, sessionOptions(choices));
    return new Session(session);
  }

  /** @throws AppError `model_rejected_input` with the runtime's reason */
  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const feeds: Record<string, OrtTensor> = {};
    for (const tensor of inputs) feeds[tensor.name] = toOrt(tensor);
    let results: InferenceSession.ReturnType;
    try {
      results = await this.#session.run(feeds);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AppError('model_rejected_input', `The model could not run this input: ${reason}`, { cause });
    }
    return this.signature.outputs.map((output) => {
      const result = results[output.name];
      if (!(result instanceof OrtTensor)) {
        throw new AppError('internal', `onnxruntime gave no tensor for output "${output.name}"`);
      }
      return fromOrt(output, result);
    });
  }
}

function toOrt(tensor: Tensor): OrtTensor {
  const { datatype } = tensor;
  if (datatype === 'BF16') {
    throw new AppError('invalid_tensor', `Input "${tensor.name}": onnxruntime-node has no BF16 tensors.`);
  }
  if (tensor.data instanceof Float16Array) return halfTensor(tensor.data, tensor.shape);
  // The codec has checked that the data is the datatype's array; onnxruntime's overloads ask for one type at a time.
  return new OrtTensor(ORT_TYPES[datatype], tensor.data as never, tensor.shape);
}

/**
 * onnxruntime-node 1.30 makes a Float16Array of whatever it is given, and its binding then reads none of it ("not
 * enough space: expected N, got 0"). The binding does take the bits as a Uint16Array.
 */
function halfTensor(data: Float16Array, shape: readonly number[]): OrtTensor {
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length);
  const tensor = new OrtTensor('float16', bits, shape);
  Object.defineProperty(tensor, 'data', { value: bits });
  return tensor;
}

function fromOrt(output: TensorSpec, result: OrtTensor): Tensor {
  return {
    name: output.name,
    datatype: output.datatype,
    shape: result.dims,
    // The datatype was derived from the runtime's own metadata, which fixes the array's class.
    data: result.data as TensorData,
  };
}

function spec(metadata: InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) throw new Error(`"${metadata.name}" is not a tensor`);
  const datatype = DATATYPES.get(metadata.type);
  if (datatype === undefined)
    throw new Error(`"${metadata.name}" has data type ${metadata.type}, which can not be served`);
  return {
    name: metadata.name,
    datatype,
    shape: metadata.shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : -1)),
    // The runtime gives a name where there is no size; it may be empty.
    ...namedDimensions(metadata.shape.map((dim) => (typeof dim === 'string' ? dim : ''))),
  };
}
