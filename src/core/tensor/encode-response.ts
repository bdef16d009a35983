import { AppError } from '../errors.ts';
import { bytesOf } from './binary.ts';
import { classify } from './classification.ts';
import type { Tensor } from './datatype.ts';
import { quote } from './fault.ts';
import { JsonWriter } from './json-writer.ts';
import { hasNonFinite } from './non-finite.ts';
import type { RequestedOutput } from './request.ts';
import { writeData } from './write-data.ts';

export interface InferenceAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  /** The request's id, where it had one. */
  readonly id?: string | undefined;
  readonly outputs: readonly Tensor[];
}

export interface EncodedResponse {
  /** The JSON, then the binary tensors in the order of its outputs. */
  readonly parts: readonly Uint8Array[];
  /** Bytes of the JSON; undefined when no output is binary. */
  readonly headerLength: number | undefined;
}

/**
 * Encodes an Open Inference Protocol response. Outputs stand in the order of `requested`. Binary parts are views of
 * the tensors where they can be: send them before the tensors change. 32-bit floats are written with up to nine
 * digits, which read back as the same float. An output with NaN or infinities, which JSON can not say, has null in
 * their place and `"non_finite": true` in its parameters.
 *
 * @param labels class names by output, for outputs asked as a classification
 * @throws AppError `internal` when a requested output is not among the answer's
 */
export function encodeResponse(
  answer: InferenceAnswer,
  requested: readonly RequestedOutput[],
  labels: Readonly<Record<string, readonly string[]>>,
): EncodedResponse {
  const json = new JsonWriter();
  const binaries: Uint8Array[] = [];
  json.text(openingOf(answer));
  for (let index = 0; index < requested.length; index += 1) {
    const request = requested[index];
    if (request === undefined) break;
    const tensor = answerTo(request, answer.outputs, labels);
    if (index > 0) json.text(',');
    if (request.binary) {
      const bytes = bytesOf(tensor);
      binaries.push(bytes);
      json.text(`${describeTensor(tensor)},"parameters":{"binary_data_size":${bytes.length}}}`);
    } else {
      writeJsonTensor(json, tensor);
    }
  }
  json.text(']}');
  const header = json.finish();
  return { parts: [header, ...binaries], headerLength: binaries.length > 0 ? header.length : undefined };
}

function openingOf({ modelName, modelVersion, id }: InferenceAnswer): string {
  const names = `{"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)},`;
  return `${names}${id === undefined ? '' : `"id":${JSON.stringify(id)},`}"outputs":[`;
}

function answerTo(
  request: RequestedOutput,
  outputs: readonly Tensor[],
  labels: Readonly<Record<string, readonly string[]>>,
): Tensor {
  const { name, classification } = request;
  const tensor = outputs.find((output) => output.name === name);
  if (tensor === undefined) throw new AppError('internal', `The model gave no output ${quote(name)}.`);
  if (classification === 0) return tensor;
  // An output may be called "constructor": only own members count.
  return classify(tensor, classification, Object.hasOwn(labels, name) ? (labels[name] ?? []) : []);
}

function describeTensor({ name, shape, datatype }: Tensor): string {
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join(',')}],"datatype":"${datatype}"`;
}

function writeJsonTensor(json: JsonWriter, tensor: Tensor): void {
  const parameters = hasNonFinite(tensor) ? ',"parameters":{"non_finite":true}' : '';
  json.text(`${describeTensor(tensor)}${parameters},"data":`);
  writeData(json, tensor);
  json.text('}');
}
