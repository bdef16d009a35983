import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FirstFitAllocator } from '../../../src/adapters/onnx/runner/allocator.ts';

const CAPACITY = 64 * 64;

test('slots never overlap, stay inside, and everything comes back', () => {
  const step = fc.oneof(fc.record({ take: fc.integer({ min: 0, max: 900 }) }), fc.record({ giveBack: fc.nat() }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const allocator = new FirstFitAllocator(CAPACITY);
      const held: { offset: number; bytes: number }[] = [];
      for (const action of steps) {
        if ('take' in action) {
          const offset = allocator.allocate(action.take);
          if (offset === undefined) continue;
          const slot = { offset, bytes: action.take };
          expect(offset + slot.bytes).toBeLessThanOrEqual(CAPACITY);
          for (const other of held) {
            expect(offset + slot.bytes <= other.offset || other.offset + other.bytes <= offset).toBe(true);
          }
          held.push(slot);
        } else {
          const [slot] = held.splice(action.giveBack % Math.max(held.length, 1), 1);
          if (slot !== undefined) allocator.free(slot.offset, slot.bytes);
        }
      }
      for (const slot of held) allocator.free(slot.offset, slot.bytes);
      expect(allocator.usedBytes).toBe(0);
      expect(allocator.allocate(CAPACITY)).toBe(0);
    }),
  );
});

test('a slot can not be given back twice, nor one that lies outside', () => {
  const allocator = new FirstFitAllocator(CAPACITY);
  const offset = allocator.allocate(100) ?? -1;
  allocator.free(offset, 100);
  expect(() => allocator.free(offset, 100)).toThrow(/already free/);
  expect(() => allocator.free(CAPACITY, 100)).toThrow(/outside/);
});

test('a full arena says so, and low addresses are used again first', () => {
  const allocator = new FirstFitAllocator(256);
  const first = allocator.allocate(128) ?? -1;
  expect(allocator.allocate(128)).toBe(128);
  expect(allocator.allocate(1)).toBeUndefined();
  allocator.free(first, 128);
  expect(allocator.allocate(10)).toBe(0);
});
