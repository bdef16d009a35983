import type { FastifyReply } from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from './session-options.ts';

/** The parts of an Open Inference Protocol request that the naive server reads. */
interface InferRequest {
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly datatype: string;
    readonly data?: readonly number[];
  }[];
}

/** A session, and the releasing of it once the runs that had begun are over. */
export class NaiveModel {
  readonly #session: InferenceSession;
  #running = 0;
  #idle = Promise.withResolvers<void>();

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async load(path: string, threads: number): Promise<NaiveModel> {
    return new NaiveModel(await InferenceSession.create(path, sessionOptions(threads)));
  }

  async run(feeds: Record<string, Tensor>): Promise<InferenceSession.ReturnType> {
    this.#running += 1;
    try {
      return await this.#session.run(feeds);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) {
        this.#idle.resolve();
        this.#idle = Promise.withResolvers();
      }
    }
  }

  /** onnxruntime-node rejects runs that wait when their session is released. */
  async release(): Promise<void> {
    if (this.#running > 0) await this.#idle.promise;
    await this.#session.release();
  }
}

/** @param jsonBytes length of the JSON part of a binary body; NaN for a JSON body, which Fastify has parsed */
export async function answerInference(
  model: NaiveModel,
  name: string,
  body: unknown,
  jsonBytes: number,
  reply: FastifyReply,
): Promise<unknown> {
  if (!Buffer.isBuffer(body)) {
    // As a user would: what is no such request throws below, and is answered with 500.
    const results = await model.run(jsonFeeds(body as InferRequest));
    const outputs = Object.entries(results).map(([output, tensor]) => ({
      ...describe(output, tensor),
      data: Array.from(tensor.data as Float32Array),
    }));
    return { model_name: name, model_version: '1', outputs };
  }
  const request = JSON.parse(body.toString('latin1', 0, jsonBytes)) as InferRequest;
  const results = await model.run(binaryFeeds(request, body, jsonBytes));
  const tensors = Object.entries(results);
  const outputs = tensors.map(([output, tensor]) => ({
    ...describe(output, tensor),
    parameters: { binary_data_size: viewBytes(tensor).length },
  }));
  const head = Buffer.from(JSON.stringify({ model_name: name, model_version: '1', outputs }));
  reply.header('inference-header-content-length', head.length).type('application/octet-stream');
  return Buffer.concat([head, ...tensors.map(([, tensor]) => viewBytes(tensor))]);
}

function describe(name: string, tensor: Tensor): object {
  return { name, shape: tensor.dims, datatype: 'FP32' };
}

function jsonFeeds({ inputs }: InferRequest): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, shape, datatype, data = [] } of inputs) {
    feeds[name] =
      datatype === 'INT64'
        ? new Tensor('int64', bigIntegers(data), shape)
        : new Tensor('float32', Float32Array.from(data), shape);
  }
  return feeds;
}

function binaryFeeds({ inputs }: InferRequest, body: Buffer, jsonBytes: number): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  let offset = jsonBytes;
  for (const { name, shape, datatype } of inputs) {
    const elements = shape.reduce((product, dim) => product * dim, 1);
    const size = datatype === 'INT64' ? 8 : 4;
    const { buffer, start } = aligned(body, offset, elements * size, size);
    feeds[name] =
      datatype === 'INT64'
        ? new Tensor('int64', new BigInt64Array(buffer, start, elements), shape)
        : new Tensor('float32', new Float32Array(buffer, start, elements), shape);
    offset += elements * size;
  }
  return feeds;
}

/** A loop: `BigInt64Array.from` with a mapping takes three times as long. */
function bigIntegers(data: readonly number[]): BigInt64Array {
  const integers = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i += 1) integers[i] = BigInt(data[i] ?? 0);
  return integers;
}

/** A typed array needs its elements aligned: in place where they are, else copied. */
function aligned(
  body: Buffer,
  offset: number,
  bytes: number,
  size: number,
): { buffer: ArrayBufferLike; start: number } {
  const start = body.byteOffset + offset;
  if (start % size === 0) return { buffer: body.buffer, start };
  return { buffer: new Uint8Array(body.subarray(offset, offset + bytes)).buffer, start: 0 };
}

function viewBytes({ data }: Tensor): Buffer {
  // The benchmark's models answer with FP32.
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}
