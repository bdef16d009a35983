import type { Server } from './server.ts';

/** A body of a JSON header and raw tensors, with the headers that say so. */
export function binaryBody(header: unknown, ...tensors: readonly Uint8Array[]) {
  const json = Buffer.from(JSON.stringify(header));
  return {
    body: Buffer.concat([json, ...tensors]),
    headers: { 'inference-header-content-length': String(json.length), 'content-type': 'application/octet-stream' },
  };
}

export interface BinaryAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON before the tensors, or all of it. */
  readonly json: {
    readonly error?: string;
    readonly outputs?: readonly {
      readonly name: string;
      readonly shape: readonly number[];
      readonly datatype: string;
      readonly parameters?: { readonly binary_data_size?: number };
      readonly data?: readonly unknown[];
    }[];
  };
  /** The bytes after it. */
  readonly tail: Buffer;
}

export async function inferBytes(
  server: Server,
  modelId: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<BinaryAnswer> {
  const url = `${server.url}/v2/models/${modelId}/infer`;
  const response = await fetch(url, { method: 'POST', body: Buffer.from(body), headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  const json = JSON.parse(bytes.toString('utf8', 0, length)) as BinaryAnswer['json'];
  return { status: response.status, headers: response.headers, json, tail: bytes.subarray(length) };
}

/** As raw tensors hold numbers: little-endian, on any machine that the tests run on. */
export function bytesOf(values: Float32Array | BigInt64Array | Uint8Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

export function floatsIn(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => Buffer.from(bytes).readFloatLE(index * 4));
}

/** BYTES elements: a length of four bytes before each. */
export function textBytes(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}

export function textsIn(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}
