import { describe, expect, test } from 'vitest';
import { dissolvedMembranes, fundsOf } from '../../../src/core/dtesn/depth-rules.ts';

/** A skin with two children, the first of which has a child of its own. */
function endowments(funds: readonly [number, number, number, number]) {
  return [undefined, 0, 1, 0].map((parent, i) => ({ parent, cost: 5, funds: funds[i] ?? 0 }));
}

describe('membranes', () => {
  test('that can pay stay', () => {
    expect(dissolvedMembranes(endowments([5, 5, 5, 5]), 1)).toEqual([]);
  });

  test('that can not pay dissolve, from the leaves', () => {
    expect(dissolvedMembranes(endowments([5, 5, 4, 5]), 1)).toEqual([2]);
    expect(dissolvedMembranes(endowments([5, 4, 4, 5]), 1)).toEqual([1, 2]);
    expect(dissolvedMembranes(endowments([0, 0, 0, 0]), 1)).toEqual([1, 2, 3]);
  });

  test('stay for a child that stays, though they can not pay', () => {
    expect(dissolvedMembranes(endowments([0, 0, 5, 0]), 1)).toEqual([3]);
  });

  test('are paid for by the surplus of their children', () => {
    const chain = (surplus: number) => [
      { parent: undefined, cost: 5, funds: 5 },
      { parent: 0, cost: 5, funds: 5 + surplus },
    ];
    expect(dissolvedMembranes(chain(20), 1)).toEqual([]);
    expect(dissolvedMembranes(chain(-1), 1)).toEqual([1]);
  });

  test('but the skin dissolve, and it does not even when nothing pays for it', () => {
    expect(dissolvedMembranes([{ parent: undefined, cost: 9, funds: 0 }], 1)).toEqual([]);
  });

  test('without end of a long branch dissolve within the steps that are allowed', () => {
    const branch = Array.from({ length: 40 }, (_, i) => ({ parent: i === 0 ? undefined : i - 1, cost: 4, funds: 0 }));
    expect(dissolvedMembranes(branch, 1)).toHaveLength(39);
  });
});

describe('funds', () => {
  test('equal the cost where the loss is θ times the share of the units', () => {
    // 10 of 100 units, that lose half of 10 % of J = 2.
    expect(fundsOf(10, 0.125, 100, 2, 0.625)).toBe(10);
    expect(fundsOf(10, 0.124, 100, 2, 0.625)).toBe(9);
  });

  test('are at most ten times the cost', () => {
    expect(fundsOf(10, 1e6, 100, 2, 0.05)).toBe(100);
  });
});
