import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { HostMemory } from '../core/memory/budget.ts';
import type { MemoryFootprint } from '../serving/ports/engine.ts';
import { sharedMappings } from './shared-mappings.ts';

/** Value of a `Name:   123 kB` line, in bytes. */
function kilobyteField(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
}

/**
 * What a process costs: PSS from `smaps_rollup` (resident size where that can not be read) and the peak `VmHWM`; where it
 * shares files, what that saves, for which the kernel must list all that it maps.
 * Undefined when the process is gone, or the system has no `/proc`.
 */
export async function readFootprint(
  pid: number,
  sharedFiles?: readonly string[],
): Promise<MemoryFootprint | undefined> {
  const hasShared = sharedFiles !== undefined && sharedFiles.length > 0;
  try {
    const [status, rollup, mappings] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'latin1'),
      readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => ''),
      hasShared ? readFile(`/proc/${pid}/smaps`, 'latin1').catch(() => '') : '',
    ]);
    const pssBytes = kilobyteField(rollup, 'Pss') ?? kilobyteField(status, 'VmRSS');
    if (pssBytes === undefined) return undefined;
    const peakBytes = kilobyteField(status, 'VmHWM') ?? pssBytes;
    const privateParts = [kilobyteField(rollup, 'Private_Clean'), kilobyteField(rollup, 'Private_Dirty')];
    const privateBytes = privateParts.reduce<number>((sum, part) => sum + (part ?? 0), 0) || pssBytes;
    if (sharedFiles === undefined) return { pssBytes, privateBytes, peakBytes };
    const weights = sharedMappings(mappings, sharedFiles);
    return {
      pssBytes,
      privateBytes: Math.max(0, privateBytes - weights.privateBytes),
      peakBytes,
      sharedBytes: weights.savedBytes,
      mappedBytes: weights.residentBytes,
    };
  } catch {
    return undefined;
  }
}

/** Start time of a process in clock ticks since boot (`/proc/PID/stat`, field 22), undefined when it is gone. */
export async function readStartTicks(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses can hold anything; fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[19]);
    return Number.isFinite(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}

/** What this process may count on: its control group's limit (version 1 or 2), if there is one, and the machine's memory. */
export function hostMemory(): HostMemory {
  const limit = process.constrainedMemory();
  return { cgroupLimitBytes: limit > 0 ? limit : undefined, machineBytes: totalmem() };
}
