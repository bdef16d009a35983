import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beforeBlock, drawFromBlock, type OpenBlock } from '../../../src/core/traffic/block.ts';
import { drawByKey } from '../../../src/core/traffic/key.ts';
import { seededRandom } from '../../helpers/simulation/random.ts';

const slots = fc.integer({ min: 1, max: 20 });

test('every block has exactly m slots of the new version, also while the weight changes', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(slots, { minLength: 1, maxLength: 8 }), fc.nat(19), (seed, stages, shift) => {
      const random = seededRandom(seed);
      const blocks = new Map<number, { m: number; size: number; ofNew: number }>();
      let open: OpenBlock = beforeBlock(0);
      for (let request = 0; request < 20 * stages.length; request += 1) {
        // Changes come somewhere within a block.
        const stage = stages[Math.floor((request + shift) / 20)] ?? 20;
        const drawn = drawFromBlock(open, stage / 20, random);
        open = drawn.open;
        const { arm, draw } = drawn.assignment;
        if (draw.by !== 'block') throw new Error('a slot was drawn otherwise');
        const block = blocks.get(draw.block) ?? { m: draw.newSlots, size: 0, ofNew: 0 };
        expect(draw.newSlots).toBe(block.m);
        blocks.set(draw.block, { ...block, size: block.size + 1, ofNew: block.ofNew + (arm === 'new' ? 1 : 0) });
      }
      expect(blocks.size).toBe(stages.length);
      for (const { m, size, ofNew } of blocks.values()) expect({ size, ofNew }).toEqual({ size: 20, ofNew: m });
    }),
  );
});

test('each place of a block is equally likely to be the new version’s', () => {
  const random = seededRandom(11);
  const places = new Array<number>(20).fill(0);
  let open: OpenBlock = beforeBlock(0);
  for (let request = 0; request < 20 * 10_000; request += 1) {
    const drawn = drawFromBlock(open, 0.15, random);
    open = drawn.open;
    if (drawn.assignment.arm === 'new') places[request % 20] = (places[request % 20] ?? 0) + 1;
  }
  // 1500 expected, standard deviation 36.
  for (const count of places) expect(Math.abs(count - 1500)).toBeLessThan(160);
});

test('as the weight rises a key only ever moves from old to new, and at 100 % it is on the new version', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), fc.array(slots, { maxLength: 12 }), (id, key, weights) => {
      const arms = [...weights.toSorted((a, b) => a - b), 20].map((m) => drawByKey(id, key, m / 20).arm);
      expect(arms).toEqual(arms.toSorted().toReversed());
      expect(arms.at(-1)).toBe('new');
    }),
  );
});

test('a key’s draw is the same each time, and holds nothing of the key', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 17 }), (key) => {
      const { draw } = drawByKey('rollout', key, 0.3);
      expect(drawByKey('rollout', key, 0.3).draw).toEqual(draw);
      expect(JSON.stringify(draw)).toMatch(/^\{"by":"key","key":"[0-9a-f]{16}","weight":0\.3\}$/);
    }),
  );
});
