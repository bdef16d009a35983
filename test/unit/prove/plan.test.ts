import { describe, expect, test } from 'vitest';
import { plannedUpdates, Queue } from '../../../scripts/prove/plan.ts';
import { BAD_KINDS, GOOD, IDENTICAL, kindOf } from '../../helpers/updates/kinds.ts';

describe('the planned updates', () => {
  test('are as many as asked for, the bad ones of every kind in turn', () => {
    const kinds = plannedUpdates({ good: 3, bad: 2 * BAD_KINDS.length, identical: 5 });
    expect(kinds.filter((kind) => kind === GOOD)).toHaveLength(3);
    expect(kinds.filter((kind) => kind === IDENTICAL)).toHaveLength(5);
    for (const bad of BAD_KINDS) expect(kinds.filter((kind) => kind === bad)).toHaveLength(2);
  });

  test('are mixed', () => {
    const kinds = plannedUpdates({ good: 50, bad: 50, identical: 50 });
    const half = kinds.slice(0, 75);
    expect(half.filter(({ isGood }) => !isGood).length).toBeGreaterThanOrEqual(24);
    expect(half.filter((kind) => kind === GOOD).length).toBeGreaterThanOrEqual(24);
  });
});

describe('the queue', () => {
  const slow = kindOf('slow');

  test('gives a heavy model what only it can have first, then what there is', () => {
    const queue = new Queue([GOOD, slow, IDENTICAL]);
    expect([queue.next(true), queue.next(true), queue.next(true), queue.next(true)]).toEqual([
      slow,
      GOOD,
      IDENTICAL,
      undefined,
    ]);
  });

  test('never gives another model what needs a heavy one', () => {
    const queue = new Queue([slow, GOOD]);
    expect([queue.next(false), queue.next(false)]).toEqual([GOOD, undefined]);
    expect(queue.next(true)).toBe(slow);
  });
});
