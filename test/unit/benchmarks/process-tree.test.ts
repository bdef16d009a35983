import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { descendantsOf, readTree } from '../../../benchmarks/measure/process-tree.ts';
import { readRunners } from '../../../benchmarks/sections/residency/pss-watch.ts';

let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'echoserve-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
});

function process(pid: number, parent: number, name: string, pssKilobytes: number | undefined): void {
  mkdirSync(join(proc, String(pid)));
  writeFileSync(join(proc, String(pid), 'stat'), `${pid} (${name}) S ${parent} 1 1 0 -1`);
  if (pssKilobytes === undefined) return;
  writeFileSync(
    join(proc, String(pid), 'smaps_rollup'),
    `00-ff ---p [rollup]\nRss: 9999 kB\nPss:  ${pssKilobytes} kB\n`,
  );
}

it('the memory of a tree is the root and all below it, and nobody else', async () => {
  process(10, 1, 'node', 100);
  process(11, 10, 'a child) S 1', 20);
  process(12, 11, 'grandchild', 3);
  process(13, 1, 'stranger', 5000);
  expect(await readTree(10, proc)).toMatchObject({ rootBytes: 100 * 1024, descendantBytes: 23 * 1024 });
});

it("the runners' memory is that of the processes below the server that run a model, and no other", async () => {
  process(10, 1, 'node', 100);
  for (const [pid, command] of Object.entries({ 11: 'runner/main.js', 12: 'prepare-main.js', 13: 'runner/main.js' })) {
    process(Number(pid), 10, 'node', 20);
    writeFileSync(join(proc, pid, 'cmdline'), `node\0/echoserve/dist/adapters/onnx/${command}\0`);
  }
  process(14, 1, 'stranger', 5000);
  expect(await readRunners(10, proc)).toBe(40 * 1024);
});

it('a child that ends while it is read counts as nothing', async () => {
  process(10, 1, 'node', 100);
  process(11, 10, 'gone', undefined);
  expect(await readTree(10, proc)).toMatchObject({ descendantBytes: 0 });
});

it('a root that is gone is no tree of no memory', async () => {
  await expect(readTree(10, proc)).rejects.toThrow('process 10');
});

it('descendants are found at any depth', () => {
  const parents = new Map([
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 9],
  ]);
  expect(descendantsOf(1, parents)).toEqual([2, 3, 4]);
});
