import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EvictionNeed, planEviction, type Resident } from '../../../src/core/memory/eviction-plan.ts';

const rarely = fc.integer({ min: 0, max: 5 }).map((one) => one === 0);
const unnamed = fc.record({
  bytes: fc.integer({ min: 0, max: 20 }),
  group: fc.constantFrom(undefined, undefined, 'a', 'b'),
  ownShare: fc.integer({ min: 0, max: 4 }),
  activity: fc.constantFrom('idle' as const, 'idle' as const, 'busy' as const, 'loading' as const, 'draining' as const),
  pinned: rarely,
  isHeld: rarely,
  onlyProvenOfPinned: rarely,
});
type Unnamed = Omit<Resident, 'key' | 'common'> & { readonly group: string | undefined; readonly ownShare: number };

function named({ group, ownShare, ...one }: Unnamed, order: number): Resident {
  const resident = { key: `m${order}`, ...one };
  if (group === undefined) return resident;
  return { ...resident, common: { group, bytes: one.bytes - Math.floor((one.bytes * ownShare) / 4) } };
}

const need: fc.Arbitrary<EvictionNeed> = fc.record({
  needBytes: fc.integer({ min: 0, max: 80 }),
  freeBytes: fc.integer({ min: -20, max: 40 }),
  residents: fc.array(unnamed, { maxLength: 10 }).map((residents) => residents.map((one, order) => named(one, order))),
});

const mayGo = (one: Resident) => one.activity === 'idle' && !one.pinned && !one.isHeld && !one.onlyProvenOfPinned;

/** What is free when the chosen have gone: of what a group has in common, nothing before its last. */
function freed(chosen: readonly Resident[], { residents }: EvictionNeed): number {
  const stays = new Set(residents.filter((one) => !chosen.includes(one)).map((one) => one.common?.group));
  const bytes = chosen.map((one) => (stays.has(one.common?.group) ? one.bytes - (one.common?.bytes ?? 0) : one.bytes));
  return bytes.reduce((total, each) => total + each, 0);
}

test('a plan evicts only what may go, in LRU order, suffices, and has no member too many', () => {
  fc.assert(
    fc.property(need, (given) => {
      const plan = planEviction(given);
      fc.pre(plan.fits);
      const evicted = given.residents.filter((one) => plan.evict.includes(one.key));
      expect(plan.evict).toEqual(evicted.map((one) => one.key));
      expect(evicted.every(mayGo)).toBe(true);
      expect(given.freeBytes + freed(evicted, given)).toBeGreaterThanOrEqual(given.needBytes);
      for (const one of evicted) {
        const others = evicted.filter((other) => other !== one);
        expect(given.freeBytes + freed(others, given)).toBeLessThan(given.needBytes);
      }
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
      expect(given.freeBytes + freed(candidates.slice(0, last), given)).toBeLessThan(given.needBytes);
    }),
  );
});

test('for residents of one size a plan is strict LRU', () => {
  fc.assert(
    fc.property(need, fc.integer({ min: 1, max: 20 }), (given, bytes) => {
      const residents = given.residents.map(({ common: _, ...one }) => ({ ...one, bytes }));
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
      expect(plan.fits).toBe(given.freeBytes + freed(candidates, given) >= given.needBytes);
      if (plan.fits) return;
      expect(plan.couldBeFreedBytes).toBe(freed(candidates, given));
      const held = given.residents.filter((one) => !mayGo(one));
      expect(plan.holders.map((holder) => holder.key)).toEqual(held.map((one) => one.key));
      const later = held.filter((one) => one.activity === 'draining' || mayGo({ ...one, activity: 'idle' }));
      const inTheEnd = freed([...candidates, ...later], given);
      expect(plan.couldBeFreedLaterBytes).toBe(inTheEnd - freed(candidates, given));
      expect(plan.mayFitLater).toBe(given.freeBytes + inTheEnd >= given.needBytes);
    }),
  );
});
