import { describe, expect, test } from 'vitest';
import { beforeBlock, drawFromBlock } from '../../../src/core/traffic/block.ts';
import { hash64, hexadecimal, unitInterval } from '../../../src/core/traffic/hash.ts';
import { drawByKey } from '../../../src/core/traffic/key.ts';
import { assign } from '../../../src/core/traffic/split.ts';
import { newSlots } from '../../../src/core/traffic/weight.ts';
import { seededRandom } from '../../helpers/simulation/random.ts';

describe('weights', () => {
  test('of the seven stages are whole slots of a block of 20', () => {
    expect([0.05, 0.15, 0.3, 0.5, 0.75, 0.9, 1].map(newSlots)).toEqual([1, 3, 6, 10, 15, 18, 20]);
    expect(newSlots(0)).toBe(0);
  });

  test.each([0.01, 0.33, -0.05, 1.05, Number.NaN])('%s is refused, with what would do', (weight) => {
    expect(() => newSlots(weight)).toThrow(/multiple of 5 %/);
  });
});

describe('the hash', () => {
  // From the authors' C code with the key 0, over the UTF-16 units, low byte first.
  test.each([
    ['', '117ebd668d83d00f'],
    ['a', '08d589150c1cf0bb'],
    ['ab', '47fc4ad811aeea0d'],
    ['abc', '1fa2a2e383510b1f'],
    ['rollout-1', '25b9d80c7d6f6909'],
    ['é😀', 'ad97f07d5437bc72'],
  ])('of %j is HalfSipHash-2-4-64', (text, digits) => {
    expect(hexadecimal(hash64(text))).toBe(digits);
  });

  test('as a fraction is below 1 even for the largest hash', () => {
    expect(unitInterval({ high: 0xffffffff, low: 0xffffffff })).toBeLessThan(1);
    expect(unitInterval({ high: 0x80000000, low: 0 })).toBe(0.5);
    expect(unitInterval({ high: 0, low: 0 })).toBe(0);
  });

  test('spreads consecutive keys evenly: chi-square over 100 cells', () => {
    const cells = new Array<number>(100).fill(0);
    for (let user = 0; user < 20_000; user += 1) {
      const cell = Math.floor(unitInterval(hash64(`rollout-1\0user-${user}`)) * 100);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    const chiSquare = cells.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    // 99 degrees of freedom: within [61, 149] with probability 0.998.
    expect(chiSquare).toBeGreaterThan(61);
    expect(chiSquare).toBeLessThan(149);
  });

  test('tells rollout and key apart, and chooses anew who goes first in each rollout', () => {
    expect(drawByKey('a', 'bc', 0.5).draw).not.toEqual(drawByKey('ab', 'c', 0.5).draw);
    const keys = Array.from({ length: 400 }, (_, index) => `user-${index}`);
    const first = (rollout: string) => keys.filter((key) => drawByKey(rollout, key, 0.5).arm === 'new');
    const both = first('r1').filter((key) => first('r2').includes(key));
    // A quarter of them, give or take four standard deviations.
    expect(Math.abs(both.length - 100)).toBeLessThan(35);
  });
});

describe('a block', () => {
  test('takes another weight when it is full, and the weight 0 at once', () => {
    const random = seededRandom(1);
    let { open } = drawFromBlock(beforeBlock(0), 0.5, random);
    expect(open).toMatchObject({ block: 0, newSlots: 10, position: 1 });
    ({ open } = drawFromBlock(open, 1, random));
    expect(open).toMatchObject({ block: 0, newSlots: 10, position: 2 });
    const stopped = drawFromBlock(open, 0, random);
    expect(stopped.assignment).toEqual({ arm: 'old', draw: { by: 'choice' } });
    const resumed = drawFromBlock(stopped.open, 1, random);
    expect(resumed.assignment).toEqual({ arm: 'new', draw: { by: 'block', block: 1, newSlots: 20 } });
  });

  test('draws the next slot with probability (m − passed)/(20 − position)', () => {
    const open = { block: 4, newSlots: 3, position: 10, passed: 1 };
    expect(drawFromBlock(open, 0.15, () => 0.1999).assignment.arm).toBe('new');
    expect(drawFromBlock(open, 0.15, () => 0.2).assignment.arm).toBe('old');
  });
});

describe('a request', () => {
  const policy = { rolloutId: 'r', weight: 0.5 };
  const never = () => {
    throw new Error('no slot is drawn');
  };

  test('that names a version gets it, whatever its key, and takes no slot', () => {
    const open = beforeBlock(0);
    expect(assign(open, { chosen: 'new', key: 'k' }, { ...policy, weight: 0 }, never)).toEqual({
      open,
      assignment: { arm: 'new', draw: { by: 'choice' } },
    });
  });

  test('with a key takes no slot', () => {
    const { assignment } = assign(beforeBlock(0), { key: 'k' }, policy, never);
    expect(assignment.draw).toMatchObject({ by: 'key', weight: 0.5, key: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  test('with a key goes to the old version after a rollback, and tells nothing', () => {
    expect(assign(beforeBlock(0), { key: 'k' }, { ...policy, weight: 0 }, never).assignment).toEqual({
      arm: 'old',
      draw: { by: 'choice' },
    });
  });

  test('with an empty key, or none, takes the next slot', () => {
    expect(assign(beforeBlock(0), { key: '' }, policy, () => 0).assignment.draw.by).toBe('block');
    expect(assign(beforeBlock(0), {}, policy, () => 0).open.position).toBe(1);
  });
});
