import type { ServerName } from '../../contestants/server.ts';
import { type TreeMemory, totalBytes } from '../../measure/process-tree.ts';
import { megabytes, signedMegabytes } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';

const MOST_GROWTH_BYTES = 5e6;

export interface CyclesResult {
  readonly name: ServerName;
  readonly cycles: number;
  /** Before the first load. */
  readonly idle: TreeMemory;
  readonly first: CycleMemory;
  readonly last: CycleMemory;
}

interface CycleMemory {
  /** After the inferences. */
  readonly loaded: TreeMemory;
  readonly unloaded: TreeMemory;
}

export function cyclesTable(results: readonly CyclesResult[]): Table {
  const row = (name: string, bytes: (result: CyclesResult) => number, shown = megabytes): string[] => [
    name,
    ...results.map((result) => shown(bytes(result))),
  ];
  return {
    caption: 'Cycles: resident memory of all processes',
    columns: ['', ...results.map(({ name, cycles }) => `${name}, ${cycles} cycles`)],
    rows: [
      row('idle, before the first load', ({ idle }) => totalBytes(idle)),
      row('after the first load', ({ first }) => totalBytes(first.loaded)),
      row('after the first unload', ({ first }) => totalBytes(first.unloaded)),
      row('after the last load', ({ last }) => totalBytes(last.loaded)),
      row('after the last unload', ({ last }) => totalBytes(last.unloaded)),
      row(
        'the model: loaded less unloaded, last cycle',
        ({ last }) => totalBytes(last.loaded) - totalBytes(last.unloaded),
      ),
      row('growth from the first unload to the last', growthBytes, signedMegabytes),
      row(
        'of it in the first process',
        ({ first, last }) => last.unloaded.rootBytes - first.unloaded.rootBytes,
        signedMegabytes,
      ),
    ],
  };
}

export function cyclesFinding(result: CyclesResult): Finding {
  const bytes = growthBytes(result);
  return {
    target: `after ${result.cycles} cycles the process tree is within ${megabytes(MOST_GROWTH_BYTES)} of the first cycle's end`,
    figure: signedMegabytes(bytes),
    isMet: bytes <= MOST_GROWTH_BYTES,
  };
}

function growthBytes({ first, last }: CyclesResult): number {
  return totalBytes(last.unloaded) - totalBytes(first.unloaded);
}
