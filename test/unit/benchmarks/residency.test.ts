import { describe, expect, it } from 'vitest';
import { summarize } from '../../../benchmarks/measure/statistics.ts';
import { lruHits } from '../../../benchmarks/sections/residency/lru.ts';
import { type ResidencyResult, residencyFindings } from '../../../benchmarks/sections/residency/results.ts';
import { residencyModels, residencyTrace } from '../../../benchmarks/sections/residency/workload.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';

describe('a plain LRU', () => {
  it('drops what was used least recently', () => {
    expect(lruHits([0, 1, 0, 2, 1], 2)).toBe(1);
    expect(lruHits([0, 1, 0, 2, 0], 2)).toBe(2);
  });

  it('hits all but the first of each where everything fits', () => {
    expect(lruHits([0, 1, 2, 2, 1, 0], 3)).toBe(3);
  });

  it('of one entry hits repetitions only', () => {
    expect(lruHits([4, 4, 5, 4, 4], 1)).toBe(2);
  });
});

describe('the trace', () => {
  it('is the same always, and names no model that there is not', () => {
    const trace = residencyTrace(30, 3000);
    expect(trace).toEqual(residencyTrace(30, 3000));
    expect(trace.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < 30)).toBe(true);
    expect(new Set(trace)).toHaveLength(30);
  });

  it('asks for the first third in 58 % of the requests', () => {
    const ofFirst = residencyTrace(30, 10_000).filter((rank) => rank < 10).length;
    expect(ofFirst / 10_000).toBeCloseTo(Math.sqrt(1 / 3), 1);
  });
});

describe('the models', () => {
  const sizes = residencyModels(30).map((model) => modelProto(model.build()).length);

  it('are of 4 to 12 MB, each of another size', () => {
    expect(new Set(sizes)).toHaveLength(30);
    expect(Math.min(...sizes)).toBeCloseTo(4e6, -5);
    expect(Math.max(...sizes)).toBeCloseTo(12e6, -5);
  });

  it('that are asked most are neither small nor large', () => {
    const mean = sizes.slice(0, 10).reduce((sum, size) => sum + size, 0) / 10;
    expect(Math.abs(mean / 8e6 - 1)).toBeLessThan(0.1);
  });
});

describe('the findings', () => {
  const good: ResidencyResult = {
    held: 10,
    requests: 3,
    load: { ...summarize([1, 2, 3]), failed: 0, tookMs: 10 },
    server: { loads: 1, evictions: 0, hitRate: 0.5, usedBytes: 0 },
    lruHitRate: 0.5,
    budgetBytes: 100,
    mostBytes: 105,
    readings: 7,
  };
  const met = (result: ResidencyResult) => residencyFindings(result).map(({ isMet }) => isMet);

  it('are met where every limit is just kept', () => {
    expect(met(good)).toEqual([true, true, true]);
  });

  it('tell each limit that is not', () => {
    expect(met({ ...good, load: { ...summarize([1, 2]), failed: 1, tookMs: 10 } })).toEqual([false, true, true]);
    expect(met({ ...good, mostBytes: 106 })).toEqual([true, false, true]);
    expect(met({ ...good, lruHitRate: 0.51 })).toEqual([true, true, false]);
  });

  it('are not met where nothing was read from outside', () => {
    expect(met({ ...good, mostBytes: 0, readings: 0 })).toEqual([true, false, true]);
  });
});
