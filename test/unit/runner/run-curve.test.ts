import { describe, expect, test } from 'vitest';
import { runCurve } from '../../../src/adapters/onnx/runner/run-curve.ts';
import { RunEstimates } from '../../../src/adapters/onnx/runner/run-estimates.ts';

const run = (size: number, ms: number) => ({ size, ms });

describe('what a run takes', () => {
  test('is told by the row, between sizes that were seen and beyond them', () => {
    const curve = runCurve([run(1, 5), run(4, 8), run(1, 5), run(4, 8)]);
    expect([1, 2, 4, 16].map(curve.expectedMs)).toEqual([5, 6, 8, 20]);
  });

  test('is not moved by one run that was far off', () => {
    const curve = runCurve([run(1, 5), run(1, 5), run(1, 50), run(4, 8)]);
    expect([1, 8].map(curve.expectedMs)).toEqual([5, 12]);
  });

  test('is what all but the slowest of the runs kept to', () => {
    const curve = runCurve([10, 11, 12, 13, 30].map((ms) => run(8, ms)));
    expect(curve.expectedMs(8)).toBeCloseTo(13);
    expect(curve.leastMs(8)).toBeCloseTo(10);
  });

  test('is in proportion where only one size was seen', () => {
    const curve = runCurve([run(8, 16), run(8, 16), run(9, 18)]);
    expect([1, 8, 32].map(curve.expectedMs)).toEqual([2, 16, 64]);
  });

  test('is never less for more rows', () => {
    const curve = runCurve([run(1, 9), run(8, 7), run(1, 9), run(8, 7)]);
    expect(curve.expectedMs(8)).toBeGreaterThanOrEqual(curve.expectedMs(1));
  });
});

describe('an estimate', () => {
  const rows = (size: number, kind = 'a') => ({ kind, size });

  test('is there after three runs of its kind, and of no other', () => {
    const estimates = new RunEstimates();
    for (const [nowMs, known] of [
      [10, undefined],
      [20, undefined],
      [30, 5],
    ] as const) {
      estimates.note(rows(1), 5, nowMs);
      expect(estimates.expectedMs(rows(1), nowMs)).toBe(known);
    }
    expect(estimates.expectedMs(rows(1, 'b'), 30)).toBeUndefined();
  });

  test('is forgotten a second after the last run, of long ones after ten times as long', () => {
    const estimates = new RunEstimates();
    for (const nowMs of [10, 20, 30]) estimates.note(rows(1), 5, nowMs);
    for (const nowMs of [500, 1000, 1500]) estimates.note(rows(1, 'long'), 400, nowMs);
    expect([estimates.expectedMs(rows(1), 1030), estimates.expectedMs(rows(1), 1031)]).toEqual([5, undefined]);
    expect([5500, 5501].map((nowMs) => estimates.expectedMs(rows(1, 'long'), nowMs))).toEqual([400, undefined]);
    estimates.note(rows(1, 'long'), 7, 6000);
    expect(estimates.expectedMs(rows(1, 'long'), 6000)).toBeUndefined();
  });

  test('is within its bound, which is the longest run or as much by the row as any took', () => {
    const estimates = new RunEstimates();
    for (const nowMs of [10, 20, 30]) estimates.note(rows(4), 8, nowMs);
    expect([1, 4, 16].map((size) => estimates.boundMs(size))).toEqual([8, 8, 32]);
    expect(estimates.expectedMs(rows(16), 30)).toBe(32);
  });

  test('follows the latest sixteen runs', () => {
    const estimates = new RunEstimates();
    for (let i = 0; i < 16; i += 1) estimates.note(rows(1), 50, i);
    for (let i = 16; i < 31; i += 1) estimates.note(rows(1), 5, i);
    expect(estimates.expectedMs(rows(1), 31)).toBe(5);
  });

  test('is kept of 64 kinds, the first of which make room', () => {
    const estimates = new RunEstimates();
    for (let kind = 0; kind <= 64; kind += 1) {
      for (let i = 0; i < 3; i += 1) estimates.note(rows(1, `kind ${kind}`), 5, 10);
    }
    expect(estimates.expectedMs(rows(1, 'kind 0'), 10)).toBeUndefined();
    expect(estimates.expectedMs(rows(1, 'kind 1'), 10)).toBe(5);
    expect(estimates.expectedMs(rows(1, 'kind 64'), 10)).toBe(5);
  });
});
