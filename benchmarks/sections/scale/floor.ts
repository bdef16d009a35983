import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Child } from '../../contestants/children.ts';
import type { BenchContext } from '../../context.ts';
import { readProcessorTime } from '../../measure/processor-time.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { modelPath } from '../../models/write-repository.ts';
import { figure, ratio } from '../../report/format.ts';
import type { Table } from '../../report/section-report.ts';

const ENTRY = fileURLToPath(new URL('../../contestants/turn-process.ts', import.meta.url));
const COUNTS = [1, 10, 50] as const;
const WARM_UP_RUNS = 1000;
const RUNS = 3000;

/**
 * What it costs by itself that a run is done by another process than the last: processes that have a session and nothing
 * else are asked in turn, one at a time. Their code and data have left the processor's caches when their turn comes.
 */
export async function measureFloor(context: BenchContext, models: readonly BenchmarkModel[]): Promise<Table> {
  context.progress('processes with nothing but a session');
  const values = Array.from(models[0]?.elements(1) ?? [], Number);
  const children: Child[] = [];
  const costs: { count: number; runUs: number }[] = [];
  for (const count of COUNTS) {
    for (const model of models.slice(children.length, count)) {
      const child = await start(context, modelPath(context.repository, model.id));
      for (let run = 0; run < WARM_UP_RUNS; run += 1) await ask(child, values);
      children.push(child);
    }
    costs.push({ count, runUs: await measure(children, values) });
  }
  await Promise.all(children.map((child) => child.end()));
  return {
    caption: 'The floor: processes with a session and nothing else, asked in turn, 1 at a time',
    columns: ['processes', 'microseconds of processor time per run', '× smallest'],
    rows: costs.map(({ count, runUs }) => [
      String(count),
      figure(runUs),
      ratio(runUs / (costs[0]?.runUs ?? Number.NaN)),
    ]),
  };
}

async function start(context: BenchContext, path: string): Promise<Child> {
  const child = context.children.start([ENTRY, path], { hasChannel: true });
  child.process.stdout?.resume();
  const ready = once(child.process, 'message');
  const gone = once(child.process, 'exit').then((): never => {
    throw new Error(`a process of the floor ended: ${child.stderr()}`);
  });
  gone.catch(() => {});
  await Promise.race([ready, gone]);
  return child;
}

async function ask(child: Child, values: readonly number[]): Promise<void> {
  const answered = once(child.process, 'message');
  child.process.send(values);
  await answered;
}

async function measure(children: readonly Child[], values: readonly number[]): Promise<number> {
  const before = await usedMs(children);
  for (let run = 0; run < RUNS; run += 1) {
    const child = children[run % children.length];
    if (child !== undefined) await ask(child, values);
  }
  return (((await usedMs(children)) - before) * 1000) / RUNS;
}

async function usedMs(children: readonly Child[]): Promise<number> {
  const times = await Promise.all(children.map(({ pid }) => readProcessorTime(pid)));
  return times.reduce((sum, { rootMs }) => sum + rootMs, 0);
}
