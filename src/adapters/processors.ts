import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { ProcessorSettings, ProcessorsFrom } from '../serving/dependencies.ts';

/** Processors that this process may use, and where their number comes from. */
export function usableProcessors(): Omit<ProcessorSettings, 'intraOpThreads'> {
  // libuv's figure: the affinity mask and the control group's quota, not the host's processors.
  const count = availableParallelism();
  return { count, from: processorsFrom(count, cpus().length, readStatus()) };
}

/**
 * Which bound a number of usable processors is. The quota of a control group shows only by its effect: fewer than the
 * process is allowed to run on.
 *
 * @param status text of `/proc/self/status`; empty where the system has none
 */
export function processorsFrom(usable: number, ofMachine: number, status: string): ProcessorsFrom {
  const allowed = allowedProcessors(status) ?? ofMachine;
  if (usable < allowed) return 'cgroup';
  return allowed < ofMachine ? 'affinity' : 'machine';
}

/** Counts a list such as `0-3,8`. */
function allowedProcessors(status: string): number | undefined {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1];
  return list?.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return sum + last - first + 1;
  }, 0);
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'latin1');
  } catch {
    return '';
  }
}
