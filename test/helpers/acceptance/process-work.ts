import { readFileSync } from 'node:fs';

/** What a process has asked of the kernel so far: of all its threads, sockets and files alike. */
export interface ProcessWork {
  /** Calls that read: `read`, `readv`, `pread`. */
  readonly reads: number;
  /** Calls that write. */
  readonly writes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Reads `/proc/PID/io`, which only Linux has. */
export function readWork(pid: number): ProcessWork {
  const text = readFileSync(`/proc/${pid}/io`, 'latin1');
  const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
  return { reads: of('syscr'), writes: of('syscw'), readBytes: of('rchar'), writtenBytes: of('wchar') };
}

/** What was done between two readings, per request. */
export function workPerRequest(before: ProcessWork, after: ProcessWork, requests: number): ProcessWork {
  return eachMember((member) => (after[member] - before[member]) / requests);
}

/** The least of each figure. */
export function leastWork(rounds: readonly ProcessWork[]): ProcessWork {
  return eachMember((member) => Math.min(...rounds.map((round) => round[member])));
}

function eachMember(of: (member: keyof ProcessWork) => number): ProcessWork {
  return { reads: of('reads'), writes: of('writes'), readBytes: of('readBytes'), writtenBytes: of('writtenBytes') };
}
