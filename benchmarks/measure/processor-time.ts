import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDescendants } from './process-tree.ts';

/** Time on a processor so far, of all threads that live, in milliseconds. */
export interface ProcessorTime {
  /** Of the server's own process. */
  readonly rootMs: number;
  /** Of the processes below it, together. */
  readonly descendantsMs: number;
}

/**
 * Sums the first figure of `/proc/PID/task/TID/schedstat`, nanoseconds on a processor, over the tree below `root`. What
 * a thread used that has ended is not in it.
 * @param proc where procfs is mounted
 */
export async function readProcessorTime(root: number, proc = '/proc'): Promise<ProcessorTime> {
  const descendants = await readDescendants(root, proc);
  const times = await Promise.all(descendants.map((pid) => timeOf(pid, proc)));
  return {
    rootMs: await timeOf(root, proc),
    descendantsMs: times.reduce((sum, time) => sum + time, 0),
  };
}

async function timeOf(pid: number, proc: string): Promise<number> {
  const tasks = join(proc, String(pid), 'task');
  // Ended meanwhile: nothing.
  const threads = await readdir(tasks).catch(() => []);
  const times = await Promise.all(
    threads.map((thread) => readFile(join(tasks, thread, 'schedstat'), 'latin1').catch(() => '0')),
  );
  return times.reduce((sum, line) => sum + Number.parseInt(line, 10), 0) / 1e6;
}
