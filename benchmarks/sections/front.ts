import { setTimeout as delay } from 'node:timers/promises';
import { type LoopDelay, startWatched } from '../contestants/loop-delay.ts';
import type { Server, ServerName } from '../contestants/server.ts';
import type { BenchContext, Section } from '../context.ts';
import { closedLoop, type LoadResult } from '../load/closed-loop.ts';
import { OpenLoop } from '../load/open-loop.ts';
import { getRequest, inferenceRequests } from '../load/requests.ts';
import { type LatencySummary, summarize } from '../measure/statistics.ts';
import { LARGE } from '../models/catalog.ts';
import { CONVOLUTIONAL } from '../models/convolutional.ts';
import { figure, milliseconds } from '../report/format.ts';

const MOST_DELAY_MS = 20;
const HEALTH_PER_SECOND = 50;

interface Result {
  readonly name: ServerName;
  /** The loop with nothing to do, so that the machine's own jitter can be told apart. */
  readonly idle: LoopDelay;
  readonly busy: LoopDelay;
  readonly health: LatencySummary;
  readonly healthFailed: number;
  readonly bodies: LoadResult;
  readonly loadTimesMs: readonly number[];
}

export const FRONT: Section = {
  title: 'The front while a 100 MB model loads and 3 MB JSON bodies arrive',
  method: `A 100 MB model is loaded and unloaded over and over, two connections send JSON tensors of 3 MB to another model, and \`/health\` is asked ${HEALTH_PER_SECOND} times a second (latency from the intended send time). The event loop's delay is read inside the server, by a preloaded module, from tick to tick of a 1 ms timer.`,
  run: async (context) => {
    const results: Result[] = [];
    for (const name of ['naive', 'EchoServe'] as const) results.push(await measure(context, name));
    const ours = results[1]?.busy.maxMs ?? Number.NaN;
    return {
      tables: [tableOf(results)],
      findings: [
        {
          target: `worst event-loop delay of the front while a 100 MB model loads and 3 MB JSON bodies arrive ≤ ${MOST_DELAY_MS} ms`,
          figure: `${milliseconds(ours)} (naive: ${milliseconds(results[0]?.busy.maxMs ?? Number.NaN)})`,
          isMet: ours <= MOST_DELAY_MS,
        },
      ],
    };
  },
};

async function measure(context: BenchContext, name: ServerName): Promise<Result> {
  context.progress(`${name}: idle, then under load`);
  const { server, readLoopDelay } = await startWatched(context, name);
  await server.load(CONVOLUTIONAL);
  const requests = inferenceRequests(server.port, CONVOLUTIONAL, 'json');
  const load = { port: server.port, requests, concurrency: 2 };
  await closedLoop({ ...load, warmUpMs: 0, durationMs: 1000 });
  await readLoopDelay();
  await delay(1000);
  const idle = await readLoopDelay();

  const durationMs = context.effort === 'quick' ? 3000 : 15_000;
  const probes = await OpenLoop.start({
    port: server.port,
    requests: [getRequest(server.port, '/health')],
    ratePerSecond: HEALTH_PER_SECOND,
    connections: 4,
  });
  const [bodies, loadTimesMs] = await Promise.all([
    closedLoop({ ...load, warmUpMs: 0, durationMs }),
    loadOverAndOver(server, durationMs),
  ]);
  await probes.stop();
  const busy = await readLoopDelay();
  await server.end();
  const health = summarize(probes.samples.map(({ latencyMs }) => latencyMs));
  return { name, idle, busy, health, healthFailed: probes.failed, bodies, loadTimesMs };
}

async function loadOverAndOver(server: Server, durationMs: number): Promise<readonly number[]> {
  const times: number[] = [];
  const deadline = performance.now() + durationMs;
  while (performance.now() < deadline) {
    const start = performance.now();
    await server.load(LARGE);
    times.push(performance.now() - start);
    await server.unload(LARGE);
  }
  return times;
}

function tableOf(results: readonly Result[]) {
  const row = (name: string, value: (result: Result) => number): string[] => [
    name,
    ...results.map((result) => figure(value(result))),
  ];
  return {
    caption: '',
    columns: ['', ...results.map(({ name }) => name)],
    rows: [
      row('event-loop delay, worst, idle (ms)', ({ idle }) => idle.maxMs),
      row('event-loop delay, worst (ms)', ({ busy }) => busy.maxMs),
      row('event-loop delay, p99 (ms)', ({ busy }) => busy.p99Ms),
      row('/health, p50 (ms)', ({ health }) => health.p50Ms),
      row('/health, p99 (ms)', ({ health }) => health.p99Ms),
      row('/health, worst (ms)', ({ health }) => health.maxMs),
      row('/health, answers', ({ health }) => health.count),
      row('/health, failed', ({ healthFailed }) => healthFailed),
      row('3 MB JSON bodies, per second', ({ bodies }) => bodies.perSecond),
      row('3 MB JSON bodies, failed', ({ bodies }) => bodies.failed),
      row('loads of the 100 MB model', ({ loadTimesMs }) => loadTimesMs.length),
      row('time of a load, median (ms)', ({ loadTimesMs }) => summarize(loadTimesMs).p50Ms),
    ],
  };
}
