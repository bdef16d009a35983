import { describe, expect, it } from 'vitest';
import type { TreeMemory } from '../../../benchmarks/measure/process-tree.ts';
import { type CyclesResult, cyclesFinding } from '../../../benchmarks/sections/memory/cycle-results.ts';
import { type ModelMemory, modelFindings } from '../../../benchmarks/sections/memory/model-results.ts';

function model(id: string, { footprint = 100e6, outside = 100e6, cost = 100e6 } = {}): ModelMemory {
  const reported = { weights: 50e6, estimate: 0, footprint, peak: 0, pid: 1 };
  return { id, title: id, reported, outside, cost };
}

const met = (models: readonly ModelMemory[]) => modelFindings(models).map(({ isMet }) => isMet);

describe('each model', () => {
  it('keeps the limits where it just keeps them', () => {
    expect(met([model('a', { footprint: 104e6, cost: 127.5e6 }), model('b', { footprint: 96e6 })])).toEqual([
      true,
      true,
    ]);
  });

  it('counts: one that keeps no limit is named', () => {
    const findings = modelFindings([model('a'), model('b', { footprint: 94e6, cost: 128e6 }), model('c')]);
    expect(findings.map(({ isMet }) => isMet)).toEqual([false, false]);
    expect(findings.map(({ figure }) => figure)).toEqual(['at most 6 % off (b)', 'closest: b, 128 MB of 128 MB']);
  });

  it('that reports no footprint is not within any limit', () => {
    const findings = modelFindings([model('a'), model('b', { footprint: Number.NaN })]);
    expect(findings[0]).toMatchObject({ figure: 'at most – off (b)', isMet: false });
  });

  it('is needed: without one no limit is kept', () => {
    expect(met([])).toEqual([false, false]);
  });
});

describe('the cycles', () => {
  const tree = (rootBytes: number): TreeMemory => ({ rootBytes, descendantBytes: 1e6, sharedFileBytes: 1e6 });
  const cycles = (first: number, last: number): CyclesResult => ({
    name: 'EchoServe',
    cycles: 50,
    idle: tree(0),
    first: { loaded: tree(0), unloaded: tree(first) },
    last: { loaded: tree(0), unloaded: tree(last) },
  });

  it('are judged from the end of the first to the end of the last', () => {
    expect(cyclesFinding(cycles(80e6, 85e6))).toMatchObject({ figure: '+5 MB', isMet: true });
    expect(cyclesFinding(cycles(80e6, 85.1e6))).toMatchObject({ figure: '+5.1 MB', isMet: false });
    expect(cyclesFinding(cycles(80e6, 78e6))).toMatchObject({ figure: '-2 MB', isMet: true });
  });
});
