import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readProcessorTime } from '../../../benchmarks/measure/processor-time.ts';

/** A `/proc` with processes of which each has threads that were so many nanoseconds on a processor. */
function proc(processes: readonly { pid: number; parent: number; threads: readonly number[] }[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'echoserve-proc-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  for (const { pid, parent, threads } of processes) {
    mkdirSync(join(dir, String(pid)));
    writeFileSync(join(dir, String(pid), 'stat'), `${pid} (node) S ${parent} 1 1`);
    for (const [index, nanoseconds] of threads.entries()) {
      const task = join(dir, String(pid), 'task', String(pid + index));
      mkdirSync(task, { recursive: true });
      writeFileSync(join(task, 'schedstat'), `${nanoseconds} 12345 678\n`);
    }
  }
  return dir;
}

it('is that of all threads, the root and its descendants apart, and of nobody else', async () => {
  const dir = proc([
    { pid: 100, parent: 1, threads: [2_000_000, 500_000] },
    { pid: 200, parent: 100, threads: [10_000_000] },
    { pid: 300, parent: 200, threads: [1_000_000, 1_000_000] },
    { pid: 400, parent: 1, threads: [99_000_000] },
  ]);
  expect(await readProcessorTime(100, dir)).toEqual({ rootMs: 2.5, descendantsMs: 12 });
});

it('of a process that has gone is none', async () => {
  expect(await readProcessorTime(100, proc([]))).toEqual({ rootMs: 0, descendantsMs: 0 });
});
