import { statSync } from 'node:fs';
import { inferOnce } from '../contestants/infer-once.ts';
import type { Server, ServerName } from '../contestants/server.ts';
import { startByName } from '../contestants/start-servers.ts';
import type { BenchContext, Section } from '../context.ts';
import { readSteadyTree, type TreeMemory, totalBytes } from '../measure/process-tree.ts';
import { MEDIUM } from '../models/catalog.ts';
import { modelPath } from '../models/write-repository.ts';
import { megabytes } from '../report/format.ts';
import type { Finding, Table } from '../report/section-report.ts';

const INFERENCES_PER_CYCLE = 5;
const MEGABYTE = 1e6;

interface Result {
  readonly name: ServerName;
  readonly cycles: number;
  readonly idle: TreeMemory;
  /** In the last cycle, after its inferences. */
  readonly loaded: TreeMemory;
  readonly reportedBytes: number | undefined;
  readonly afterFirst: TreeMemory;
  readonly afterLast: TreeMemory;
}

export const MEMORY: Section = {
  title: 'Memory over cycles of load, infer, unload',
  method: `A 67 MB model is loaded, asked ${INFERENCES_PER_CYCLE} times and unloaded, over and over. Another process sums the proportional set sizes (PSS) of the server's process tree, once they are steady, and adds what files in shared memory use.`,
  run: async (context) => {
    const weightBytes = statSync(modelPath(context.repository, MEDIUM.id)).size;
    const results: Result[] = [];
    for (const name of ['naive', 'EchoServe'] as const) results.push(await measure(context, name));
    const ours = results.find(({ name }) => name === 'EchoServe');
    return { tables: [tableOf(results)], findings: ours === undefined ? [] : findingsOf(ours, weightBytes) };
  },
};

async function measure(context: BenchContext, name: ServerName): Promise<Result> {
  const server = await startByName(context, name);
  const idle = await readSteadyTree(server.pid);
  const cycles = context.effort === 'quick' ? 8 : 50;
  const first = await cycle(server);
  for (let i = 2; i < cycles; i += 1) {
    if (i % 5 === 0) context.progress(`${name}: cycle ${i} of ${cycles}`);
    await loadAndInfer(server);
    await server.unload(MEDIUM);
  }
  const last = await cycle(server);
  await server.end();
  return {
    name,
    cycles,
    idle,
    loaded: last.loaded,
    reportedBytes: last.reportedBytes,
    afterFirst: first.after,
    afterLast: last.after,
  };
}

interface Cycle {
  readonly loaded: TreeMemory;
  readonly reportedBytes: number | undefined;
  readonly after: TreeMemory;
}

async function cycle(server: Server): Promise<Cycle> {
  await loadAndInfer(server);
  const loaded = await readSteadyTree(server.pid);
  const reportedBytes = await server.reportedBytes(MEDIUM);
  await server.unload(MEDIUM);
  return { loaded, reportedBytes, after: await readSteadyTree(server.pid) };
}

async function loadAndInfer(server: Server): Promise<void> {
  await server.load(MEDIUM);
  for (let i = 0; i < INFERENCES_PER_CYCLE; i += 1) await inferOnce(server, MEDIUM, 'binary');
}

function tableOf(results: readonly Result[]): Table {
  const row = (name: string, value: (result: Result) => number | undefined): string[] => [
    name,
    ...results.map((result) => megabytes(value(result) ?? Number.NaN)),
  ];
  return {
    caption: '',
    columns: ['', ...results.map(({ name, cycles }) => `${name}, ${cycles} cycles`)],
    rows: [
      row('idle, before the first load', ({ idle }) => totalBytes(idle)),
      row('with the model loaded', ({ loaded }) => totalBytes(loaded)),
      row('after the first unload', ({ afterFirst }) => totalBytes(afterFirst)),
      row('after the last unload', ({ afterLast }) => totalBytes(afterLast)),
      row('the model: loaded less unloaded', modelBytes),
      row('of it in processes of its own', ({ loaded }) => loaded.descendantBytes),
      row('the model, as the server reports it', ({ reportedBytes }) => reportedBytes),
      row('growth from the first unload to the last', growthBytes),
      row('of it in the first process', ({ afterFirst, afterLast }) => afterLast.rootBytes - afterFirst.rootBytes),
    ],
  };
}

function modelBytes({ loaded, afterLast }: Result): number {
  return totalBytes(loaded) - totalBytes(afterLast);
}

function growthBytes({ afterFirst, afterLast }: Result): number {
  return totalBytes(afterLast) - totalBytes(afterFirst);
}

function findingsOf(ours: Result, weightBytes: number): readonly Finding[] {
  const mostBytes = 1.35 * weightBytes + 60 * MEGABYTE;
  const outside = ours.loaded.descendantBytes;
  const reported = ours.reportedBytes ?? Number.NaN;
  const off = Math.abs(reported / outside - 1);
  return [
    {
      target: `resident memory of a loaded model ≤ 1.35 × weights + 60 MB (${megabytes(mostBytes)})`,
      figure: megabytes(modelBytes(ours)),
      isMet: modelBytes(ours) <= mostBytes,
    },
    {
      target: `after ${ours.cycles} cycles the process tree is within 5 MB of the first cycle's end`,
      figure: `${growthBytes(ours) > 0 ? '+' : ''}${megabytes(growthBytes(ours))}`,
      isMet: growthBytes(ours) <= 5 * MEGABYTE,
    },
    {
      target: 'the reported footprint is within 5 % of what an outside reader sums',
      figure: `${megabytes(reported)} reported, ${megabytes(outside)} read (${(off * 100).toFixed(1)} % off)`,
      isMet: off <= 0.05,
    },
  ];
}
