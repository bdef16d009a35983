import { describe, expect, it } from 'vitest';
import { SteadyRate } from '../../../benchmarks/load/steady-rate.ts';
import { latenciesDuring, latenciesWithin } from '../../../benchmarks/measure/windows.ts';

describe('the steady rate', () => {
  const rateOf = (warmUpEndsMs: number, completions: readonly number[]): number => {
    const rate = new SteadyRate(warmUpEndsMs);
    for (const atMs of completions) rate.complete(atMs);
    return rate.perSecond;
  };

  it('is counted from the last completion of the warm-up', () => {
    expect(rateOf(1500, [1000, 2000, 3000, 4000])).toBe(1);
  });

  it('of a server that answers in bursts is that of its bursts', () => {
    const bursts = [1000, 2000, 3000].flatMap((at) => Array.from({ length: 32 }, () => at));
    expect(rateOf(1500, bursts)).toBe(32);
  });

  it('starts with the first completion when the warm-up saw none', () => {
    expect(rateOf(10, [1000, 1500, 2000])).toBe(2);
  });

  it('is nothing before there were two completions', () => {
    expect([rateOf(10, []), rateOf(10, [20])]).toEqual([0, 0]);
  });
});

describe('latencies during a phase', () => {
  const samples = [
    { dueMs: 0, latencyMs: 5 },
    { dueMs: 8, latencyMs: 7 },
    { dueMs: 12, latencyMs: 1 },
    { dueMs: 19, latencyMs: 50 },
    { dueMs: 30, latencyMs: 3 },
  ];
  const windows = [
    { kind: 'load', startMs: 10, endMs: 20 },
    { kind: 'quiet', startMs: 20, endMs: 100 },
  ] as const;

  it('are those of the requests that were under way in it, due before it or answered after it included', () => {
    expect(latenciesDuring(samples, windows, 'load')).toEqual([7, 1, 50]);
  });

  it('undisturbed are those of the requests that began and ended in it', () => {
    expect(latenciesWithin(samples, windows, 'quiet')).toEqual([3]);
    expect(latenciesWithin(samples, windows, 'load')).toEqual([1]);
  });

  it('count in each phase that a request reached into', () => {
    expect(latenciesDuring(samples, windows, 'quiet')).toEqual([50, 3]);
  });
});
