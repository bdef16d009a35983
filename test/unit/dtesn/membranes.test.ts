import { describe, expect, test } from 'vitest';
import { CLASS_SIZES, membraneHierarchy } from '../../../src/core/dtesn/membranes.ts';
import { AppError } from '../../../src/core/errors.ts';

describe('the hierarchy of a depth', () => {
  test('has 1, 1, 2, 4, 9, 20, 48, 115 membranes on its levels', () => {
    const levels = new Array<number>(8).fill(0);
    for (const { level } of membraneHierarchy({ depth: 8, units: 2048 })) levels[level] = (levels[level] ?? 0) + 1;
    expect(levels).toEqual([1, 1, 2, 4, 9, 20, 48, 115]);
  });

  test('is one tree: each membrane but the skin lies in one of the level before, which comes before it', () => {
    const membranes = membraneHierarchy({ depth: 10, units: 8192 });
    membranes.forEach(({ level, parent, tree }, place) => {
      if (place === 0) {
        expect({ level, parent }).toEqual({ level: 0, parent: undefined });
      } else {
        expect(parent).toBeLessThan(place);
        expect(membranes[parent ?? -1]?.level).toBe(level - 1);
        expect(membranes[parent ?? -1]?.tree).toEqual(tree.slice(0, -1));
      }
    });
  });

  test.each([
    ['small_model', 4, 8, 512],
    ['medium_model', 6, 37, 1024],
    ['large_model', 8, 200, 2048],
  ] as const)('of a %s has depth %i, %i membranes and %i units', (strategy, depth, count, units) => {
    const size = CLASS_SIZES[strategy];
    expect(size).toEqual({ depth, units });
    const membranes = membraneHierarchy(size);
    expect(membranes).toHaveLength(count);
    expect(membranes.reduce((sum, membrane) => sum + membrane.units, 0)).toBe(units);
  });
});

describe('units', () => {
  test('are shared out so that no two membranes differ by more than one', () => {
    const units = membraneHierarchy({ depth: 4, units: 515 }).map((membrane) => membrane.units);
    expect(units).toEqual([65, 65, 65, 64, 64, 64, 64, 64]);
  });

  test('of 4 for each membrane are enough', () => {
    expect(membraneHierarchy({ depth: 10, units: 4820 }).every((membrane) => membrane.units === 4)).toBe(true);
  });
});

describe('a size that is out of bounds is refused with what would do', () => {
  test.each([
    [{ depth: 11, units: 8192 }, 'Membrane depth is a whole number from 1 to 10, not 11.'],
    [{ depth: 0, units: 16 }, 'Membrane depth is a whole number from 1 to 10, not 0.'],
    [{ depth: 2.5, units: 16 }, 'Membrane depth is a whole number from 1 to 10, not 2.5.'],
    [{ depth: 1, units: 8193 }, 'The number of reservoir units is a whole number from 1 to 8192, not 8193.'],
    [{ depth: 1, units: 0 }, 'The number of reservoir units is a whole number from 1 to 8192, not 0.'],
    [{ depth: 8, units: 799 }, 'Depth 8 has 200 membranes of at least 4 units each: it needs 800 units, not 799.'],
  ])('%j', (size, message) => {
    const attempt = () => membraneHierarchy(size);
    expect(attempt).toThrow(AppError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_request', message }));
  });
});
