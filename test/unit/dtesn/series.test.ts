import { describe, expect, test } from 'vitest';
import { forecastTask, mackeyGlass, narma10 } from '../../../src/core/dtesn/series.ts';

describe('NARMA-10', () => {
  test('obeys its equation', () => {
    const { inputs: u, targets } = narma10(500, 1);
    // targets[t] is y(t+1).
    const y = (t: number) => targets[t - 1] ?? 0;
    for (let t = 20; t < 500; t += 1) {
      let sum = 0;
      for (let i = 0; i < 10; i += 1) sum += y(t - i);
      expect(y(t + 1)).toBeCloseTo(0.3 * y(t) + 0.05 * y(t) * sum + 1.5 * (u[t - 9] ?? 0) * (u[t] ?? 0) + 0.1, 12);
    }
    expect(Math.min(...u)).toBeGreaterThan(0);
    expect(Math.max(...u)).toBeLessThan(0.5);
  });

  test('is drawn again where it diverges, which some series of 8500 steps do', () => {
    const draws = Array.from({ length: 60 }, (_, seed) => narma10(8500, seed));
    for (const { targets } of draws) expect(targets.every((value) => value < 1)).toBe(true);
    const again = draws.filter((series) => series.draws > 1).length;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(15);
  });

  test('is the same for the same seed, and another for another', () => {
    expect(narma10(100, 4)).toEqual(narma10(100, 4));
    expect(narma10(100, 4).inputs).not.toEqual(narma10(100, 5).inputs);
  });
});

describe('Mackey-Glass', () => {
  test('has the mean and the spread of the attractor at the delay 17', () => {
    const series = mackeyGlass(5000, 1);
    const mean = series.reduce((sum, value) => sum + value, 0) / series.length;
    const deviation = Math.sqrt(series.reduce((sum, value) => sum + (value - mean) ** 2, 0) / series.length);
    expect(mean).toBeCloseTo(0.92, 1);
    expect(deviation).toBeCloseTo(0.23, 1);
    expect(Math.min(...series)).toBeGreaterThan(0.2);
    expect(Math.max(...series)).toBeLessThan(1.4);
  });

  test('obeys its equation: a central difference agrees with the slope', () => {
    const x = mackeyGlass(400, 2);
    const at = (t: number) => x[t] ?? Number.NaN;
    let largest = 0;
    for (let t = 20; t < 397; t += 1) {
      // Of order 6 in the unit of time, over which the series is smooth.
      const difference = (45 * (at(t + 1) - at(t - 1)) - 9 * (at(t + 2) - at(t - 2)) + (at(t + 3) - at(t - 3))) / 60;
      const slope = (0.2 * at(t - 17)) / (1 + at(t - 17) ** 10) - 0.1 * at(t);
      largest = Math.max(largest, Math.abs(difference - slope));
    }
    expect(largest).toBeLessThan(1e-3);
  });

  test('is the same for the same seed, and far from another’s', () => {
    const [one, same, other] = [mackeyGlass(300, 3), mackeyGlass(300, 3), mackeyGlass(300, 4)];
    expect(same).toEqual(one);
    expect(Math.max(...one.map((value, t) => Math.abs(value - (other[t] ?? 0))))).toBeGreaterThan(0.2);
  });
});

test('the target of a forecast is the value so many steps ahead', () => {
  expect(forecastTask(Float64Array.of(1, 2, 3, 4, 5), 2)).toEqual({
    inputs: Float64Array.of(1, 2, 3),
    targets: Float64Array.of(3, 4, 5),
  });
});
