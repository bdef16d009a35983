/** The floor of the runtime: `session.run` in a loop, nothing else in the process. Arguments: model repository, threads. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { summarize } from '../measure/statistics.ts';
import type { BenchmarkModel } from '../models/benchmark-model.ts';
import { modelOf } from '../models/catalog.ts';
import { modelPath } from '../models/write-repository.ts';
import type { RawAnswer, RawQuestion } from './raw-messages.ts';
import { sessionOptions } from './session-options.ts';

const [repository = '', threads = '1'] = process.argv.slice(2);
const sessions = new Map<string, InferenceSession>();

async function sessionOf(id: string): Promise<InferenceSession> {
  const session =
    sessions.get(id) ?? (await InferenceSession.create(modelPath(repository, id), sessionOptions(Number(threads))));
  sessions.set(id, session);
  return session;
}

function feedsOf(model: BenchmarkModel, batch: number): Record<string, Tensor> {
  const rows = Array.from({ length: batch }, (_, seed) => Array.from(model.elements(seed), Number)).flat();
  const { name, datatype, shape } = model.input;
  const dims = [batch * (shape[0] ?? 1), ...shape.slice(1)];
  const tensor =
    datatype === 'INT64'
      ? new Tensor('int64', BigInt64Array.from(rows, BigInt), dims)
      : new Tensor('float32', Float32Array.from(rows), dims);
  return { [name]: tensor };
}

async function measure({ modelId, batch, warmUpMs, durationMs }: RawQuestion): Promise<RawAnswer> {
  const session = await sessionOf(modelId);
  const feeds = feedsOf(modelOf(modelId), batch);
  const warmUntil = performance.now() + warmUpMs;
  while (performance.now() < warmUntil) await session.run(feeds);
  const latencies: number[] = [];
  const start = performance.now();
  let now = start;
  while (now < start + durationMs) {
    const before = now;
    await session.run(feeds);
    now = performance.now();
    latencies.push(now - before);
  }
  const { p50Ms, p99Ms } = summarize(latencies);
  return { perSecond: (latencies.length * batch * 1000) / (now - start), p50Ms, p99Ms };
}

process.on('message', async (question: RawQuestion) => {
  process.send?.(await measure(question));
});
process.on('disconnect', () => process.exit(0));
