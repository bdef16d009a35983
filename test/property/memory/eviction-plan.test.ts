import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EvictionNeed, planEviction, type Resident } from '../../../src/core/memory/eviction-plan.ts';

const rarely = fc.integer({ min: 0, max: 5 }).map((one) => one === 0);
const unnamed = fc.record({
  bytes: fc.integer({ min: 0, max: 20 }),
  activity: fc.constantFrom('idle' as const, 'idle' as const, 'busy' as const, 'loading' as const, 'draining' as const),
  pinned: rarely,
  inRollout: rarely,
  onlyProvenOfPinned: rarely,
});
const need: fc.Arbitrary<EvictionNeed> = fc.record({
  needBytes: fc.integer({ min: 0, max: 80 }),
  freeBytes: fc.integer({ min: -20, max: 40 }),
  residents: fc
    .array(unnamed, { maxLength: 10 })
    .map((residents) => residents.map((one, order) => ({ key: `m${order}`, ...one }))),
});

const mayGo = (one: Resident) => one.activity === 'idle' && !one.pinned && !one.inRollout && !one.onlyProvenOfPinned;
const sum = (residents: readonly Resident[]) => residents.reduce((total, one) => total + one.bytes, 0);

test('a plan evicts only what may go, in LRU order, suffices, and has no member too many', () => {
  fc.assert(
    fc.property(need, (given) => {
      const plan = planEviction(given);
      fc.pre(plan.fits);
      const evicted = given.residents.filter((one) => plan.evict.includes(one.key));
      expect(plan.evict).toEqual(evicted.map((one) => one.key));
      expect(evicted.every(mayGo)).toBe(true);
      expect(given.freeBytes + sum(evicted)).toBeGreaterThanOrEqual(given.needBytes);
      for (const one of evicted) expect(given.freeBytes + sum(evicted) - one.bytes).toBeLessThan(given.needBytes);
    }),
  );
});

test('a plan reaches no further towards the recently used than strict LRU would', () => {
  fc.assert(
    fc.property(need, (given) => {
      const plan = planEviction(given);
      fc.pre(plan.fits && plan.evict.length > 0);
      const candidates = given.residents.filter(mayGo);
      const last = candidates.findIndex((one) => one.key === plan.evict.at(-1));
      expect(given.freeBytes + sum(candidates.slice(0, last))).toBeLessThan(given.needBytes);
    }),
  );
});

test('for residents of one size a plan is strict LRU', () => {
  fc.assert(
    fc.property(need, fc.integer({ min: 1, max: 20 }), (given, bytes) => {
      const residents = given.residents.map((one) => ({ ...one, bytes }));
      const plan = planEviction({ ...given, residents });
      fc.pre(plan.fits);
      const count = Math.max(0, Math.ceil((given.needBytes - given.freeBytes) / bytes));
      expect(plan.evict).toEqual(
        residents
          .filter(mayGo)
          .slice(0, count)
          .map((one) => one.key),
      );
    }),
  );
});

test('it is refused exactly when everything that may go is not enough, and the figures add up', () => {
  fc.assert(
    fc.property(need, (given) => {
      const plan = planEviction(given);
      const candidates = given.residents.filter(mayGo);
      expect(plan.fits).toBe(given.freeBytes + sum(candidates) >= given.needBytes);
      if (plan.fits) return;
      expect(plan.couldBeFreedBytes).toBe(sum(candidates));
      const held = given.residents.filter((one) => !mayGo(one));
      expect(plan.holders.map((holder) => holder.key)).toEqual(held.map((one) => one.key));
      const later = held.filter((one) => one.activity === 'draining' || mayGo({ ...one, activity: 'idle' }));
      expect(plan.couldBeFreedLaterBytes).toBe(sum(later));
      expect(plan.mayFitLater).toBe(given.freeBytes + sum(candidates) + sum(later) >= given.needBytes);
    }),
  );
});
