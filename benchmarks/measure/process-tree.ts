import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readSharedFiles } from './shared-files.ts';

/** Memory of a process and of all that it started, read from outside. */
export interface TreeMemory {
  /** Proportional set size of the root process. */
  readonly rootBytes: number;
  /** Of its descendants, together. */
  readonly descendantBytes: number;
  /** Of the files in shared memory that they have open. */
  readonly sharedFileBytes: number;
}

export function totalBytes(memory: TreeMemory): number {
  return memory.rootBytes + memory.descendantBytes + memory.sharedFileBytes;
}

/**
 * Sums `Pss` of `/proc/PID/smaps_rollup` over the tree below `root`. A process that ends meanwhile counts as nothing.
 * @param proc where procfs is mounted
 * @throws Error where there is none, or the root process is gone
 */
export async function readTree(root: number, proc = '/proc'): Promise<TreeMemory> {
  const descendants = await readDescendants(root, proc);
  const sizes = await Promise.all(descendants.map((pid) => readPss(pid, proc)));
  const rootBytes = await readPss(root, proc);
  if (rootBytes === undefined) throw new Error(`the memory of process ${root} can not be read below ${proc}`);
  return {
    rootBytes,
    descendantBytes: sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0),
    sharedFileBytes: await readSharedFiles([root, ...descendants], { proc }),
  };
}

/** Process ids of all that is below `root`. */
export async function readDescendants(root: number, proc = '/proc'): Promise<readonly number[]> {
  return descendantsOf(root, await readParents(proc));
}

/** Parent by process id, for every process that there is. */
async function readParents(proc: string): Promise<ReadonlyMap<number, number>> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  const pairs = await Promise.all(
    pids.map(async (pid): Promise<[number, number] | undefined> => {
      const stat = await readFile(join(proc, pid, 'stat'), 'latin1').catch(() => '');
      // `pid (name) state ppid …`, and the name can hold anything, parentheses too.
      const parent = /^\S+ \S+/.exec(stat.slice(stat.lastIndexOf(')') + 2))?.[0].split(' ')[1];
      return parent === undefined ? undefined : [Number(pid), Number(parent)];
    }),
  );
  return new Map(pairs.filter((pair) => pair !== undefined));
}

export function descendantsOf(root: number, parents: ReadonlyMap<number, number>): readonly number[] {
  const children = [...parents].filter(([, parent]) => parent === root).map(([pid]) => pid);
  return children.flatMap((pid) => [pid, ...descendantsOf(pid, parents)]);
}

/** Proportional set size of one process; undefined when it is gone. */
export async function readPss(pid: number, proc = '/proc'): Promise<number | undefined> {
  const rollup = await readFile(join(proc, String(pid), 'smaps_rollup'), 'latin1').catch(() => '');
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

const STEADY_BYTES = 500_000;
const STEADY_READINGS = 4;

/** Reads until a few readings in a row agree, as freed memory goes back in steps; after 5 s takes what there is. */
export async function readSteadyTree(root: number): Promise<TreeMemory> {
  const deadline = performance.now() + 5000;
  let last = await readTree(root);
  let agreeing = 1;
  while (agreeing < STEADY_READINGS && performance.now() < deadline) {
    await delay(150);
    const next = await readTree(root);
    agreeing = Math.abs(totalBytes(next) - totalBytes(last)) < STEADY_BYTES ? agreeing + 1 : 1;
    last = next;
  }
  return last;
}
