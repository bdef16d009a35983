import type { BenchmarkModel } from '../models/benchmark-model.ts';

export type Format = 'json' | 'binary';

/** Raw tensors start at a multiple of it, so that a server which reads the body as one block can view them in place. */
const ALIGNMENT = 8;

export interface Body {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/** The Open Inference Protocol request for one input of `model`. */
export function inferenceBody(model: BenchmarkModel, format: Format, seed: number): Body {
  const { name, datatype, shape } = model.input;
  const elements = model.elements(seed);
  if (format === 'json') {
    // INT64 inputs of the benchmark are small numbers.
    const data = Array.from(elements, Number);
    return {
      headers: { 'content-type': 'application/json' },
      bytes: Buffer.from(JSON.stringify({ inputs: [{ name, shape, datatype, data }] })),
    };
  }
  const header = JSON.stringify({
    inputs: [{ name, shape, datatype, parameters: { binary_data_size: elements.byteLength } }],
    parameters: { binary_data_output: true },
  });
  const padded = header.padEnd(Math.ceil(header.length / ALIGNMENT) * ALIGNMENT);
  const raw = Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength);
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(padded.length),
    },
    bytes: Buffer.concat([Buffer.from(padded), raw]),
  };
}

export function inferencePath(modelId: string): string {
  return `/v2/models/${modelId}/infer`;
}

/** A POST as it goes over the wire. */
export function postRequest(port: number, path: string, body: Body): Buffer {
  const headers = Object.entries({ ...body.headers, 'content-length': String(body.bytes.length) });
  return Buffer.concat([Buffer.from(head('POST', port, path, headers)), body.bytes]);
}

export function getRequest(port: number, path: string): Buffer {
  return Buffer.from(head('GET', port, path, []));
}

/** Several different requests for `model`, ready to send: fewer where they are large. */
export function inferenceRequests(
  port: number,
  model: BenchmarkModel,
  format: Format,
  moreHeaders: Readonly<Record<string, string>> = {},
): readonly Buffer[] {
  const count = model.elements(0).length > 10_000 ? 2 : 8;
  return Array.from({ length: count }, (_, seed) => {
    const { headers, bytes } = inferenceBody(model, format, seed);
    return postRequest(port, inferencePath(model.id), { headers: { ...headers, ...moreHeaders }, bytes });
  });
}

function head(method: string, port: number, path: string, headers: readonly (readonly [string, string])[]): string {
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...headers.map((pair) => pair.join(': '))];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
