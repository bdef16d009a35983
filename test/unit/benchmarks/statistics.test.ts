import { describe, expect, it } from 'vitest';
import { median, medianSummary, percentile, summarize } from '../../../benchmarks/measure/statistics.ts';

describe('median', () => {
  it('is the middle of an odd count, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the middle two of an even count', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('of nothing is no number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it('is the nearest rank', () => {
    expect([0.01, 0.07, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 7, 50, 99, 100]);
  });

  it('of few values is the largest for high shares', () => {
    expect(percentile([1, 2, 3], 0.99)).toBe(3);
  });

  it('of nothing is no number', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('summaries', () => {
  it('sort by number, not by text', () => {
    expect(summarize([10, 9, 100])).toEqual({ count: 3, p50Ms: 10, p99Ms: 100, p999Ms: 100, maxMs: 100 });
  });

  it('of rounds take the median of each figure by itself', () => {
    const rounds = [summarize([1, 2, 3]), summarize([10, 10, 10]), summarize([0, 4, 99])];
    expect(medianSummary(rounds)).toMatchObject({ p50Ms: 4, maxMs: 10 });
  });
});
