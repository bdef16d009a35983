import type { MemoryFootprint } from '../ports/engine.ts';

/** What all processes of a version cost together. */
export interface VersionFootprint extends Omit<MemoryFootprint, 'mappedBytes'> {
  /** What they would cost if no other version shared weights with them. */
  readonly aloneBytes: number;
}

/**
 * Sums up what the processes of one version cost. Among themselves they have shared weights once, whoever else has them.
 *
 * Example: two processes that map weights of 60 MB, which a third one of another version maps too, bear 20 MB of them
 * each and save 40 MB each: together 40 MB, and 60 MB once the other has gone.
 *
 * @param footprints of each process, one at least
 */
export function sumFootprints(footprints: readonly MemoryFootprint[]): VersionFootprint {
  const sum = (part: (footprint: MemoryFootprint) => number) => footprints.reduce((all, each) => all + part(each), 0);
  const sums = {
    pssBytes: sum(({ pssBytes }) => pssBytes),
    privateBytes: sum(({ privateBytes }) => privateBytes),
    peakBytes: sum(({ peakBytes }) => peakBytes),
  };
  if (footprints.every(({ sharedBytes }) => sharedBytes === undefined)) return { ...sums, aloneBytes: sums.pssBytes };
  const sharedBytes = sum((each) => each.sharedBytes ?? 0);
  const mappedBytes = footprints.map((each) => each.mappedBytes ?? each.sharedBytes ?? 0);
  const borneBytes = mappedBytes.reduce((all, bytes) => all + bytes, 0) - sharedBytes;
  // Which pages of them are resident differs from process to process; the most that one has is what all have, at least.
  const borneByOthers = Math.max(0, Math.max(...mappedBytes) - borneBytes);
  return { ...sums, sharedBytes, aloneBytes: sums.pssBytes + borneByOthers };
}
