import { type Format, inferenceBody, inferencePath } from '../load/requests.ts';
import type { BenchmarkModel } from '../models/benchmark-model.ts';
import type { Server } from './server.ts';

/**
 * One inference, outside what is measured; gives the elements of the (only) output.
 * @throws Error with the answer when it is no success
 */
export async function inferOnce(server: Server, model: BenchmarkModel, format: Format): Promise<readonly number[]> {
  const { headers, bytes } = inferenceBody(model, format, 1);
  const url = `http://127.0.0.1:${server.port}${inferencePath(model.id)}`;
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(bytes) });
  if (response.status !== 200) {
    const answer = (await response.text()).slice(0, 500);
    throw new Error(`${server.name} answered ${model.id} by ${format} with ${response.status}: ${answer}`);
  }
  if (format === 'json') {
    // Every model of the benchmark has one output of numbers.
    const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
    return outputs[0]?.data ?? [];
  }
  const body = Buffer.from(await response.arrayBuffer());
  const raw = body.subarray(Number(response.headers.get('inference-header-content-length')));
  return Array.from({ length: raw.length / 4 }, (_, i) => raw.readFloatLE(i * 4));
}
