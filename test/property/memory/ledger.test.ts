import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryLedger } from '../../../src/core/memory/ledger.ts';

const BUDGET = 1000;
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const bytes = fc.integer({ min: 0, max: 600 });

const reserve = fc.record({ do: fc.constant('reserve' as const), key, bytes });
const settle = fc.record({ do: fc.constant('settle' as const), key, bytes });
const release = fc.record({ do: fc.constant('release' as const), key, bytes: fc.constant(0) });

/** What is expected of a holder: its reservation until it is measured, then its footprint. */
interface Expected {
  readonly measured: boolean;
  readonly bytes: number;
}

function sums(holders: ReadonlyMap<string, Expected>): { used: number; reserved: number } {
  const total = (measured: boolean) =>
    [...holders.values()].filter((one) => one.measured === measured).reduce((sum, one) => sum + one.bytes, 0);
  return { used: total(true), reserved: total(false) };
}

test('no sequence of reservations, footprints and releases makes the figures wrong', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(reserve, settle, release), { maxLength: 80 }), (steps) => {
      const ledger = new MemoryLedger('host', BUDGET);
      const holders = new Map<string, Expected>();
      for (const step of steps) {
        const { used, reserved } = sums(holders);
        if (step.do === 'reserve') {
          if (holders.has(step.key)) expect(() => ledger.tryReserve(step.key, step.bytes)).toThrow(RangeError);
          else {
            const granted = ledger.tryReserve(step.key, step.bytes);
            expect(granted).toBe(used + reserved + step.bytes <= BUDGET);
            if (granted) holders.set(step.key, { measured: false, bytes: step.bytes });
          }
        } else if (step.do === 'settle') {
          expect(ledger.settle(step.key, step.bytes)).toBe(holders.has(step.key));
          if (holders.has(step.key)) holders.set(step.key, { measured: true, bytes: step.bytes });
        } else {
          ledger.release(step.key);
          holders.delete(step.key);
        }
        const after = sums(holders);
        const freeBytes = BUDGET - after.used - after.reserved;
        expect(ledger.figures()).toEqual({
          resource: 'host',
          budgetBytes: BUDGET,
          usedBytes: after.used,
          reservedBytes: after.reserved,
          freeBytes,
          overBudgetBytes: Math.max(0, -freeBytes),
        });
      }
      for (const name of holders.keys()) ledger.release(name);
      expect(ledger.figures().freeBytes).toBe(BUDGET);
    }),
  );
});

test('as long as footprints keep to their reservations, used + reserved never exceeds the budget', () => {
  const share = fc.record({
    key,
    bytes,
    footprintShare: fc.double({ min: 0, max: 1, noNaN: true }),
    stays: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(share, { maxLength: 60 }), (loads) => {
      const ledger = new MemoryLedger('host', BUDGET);
      for (const load of loads) {
        if (ledger.get(load.key) !== undefined) ledger.release(load.key);
        if (ledger.tryReserve(load.key, load.bytes)) {
          if (load.stays) ledger.settle(load.key, Math.floor(load.bytes * load.footprintShare));
        }
        const { usedBytes, reservedBytes, overBudgetBytes } = ledger.figures();
        expect(usedBytes + reservedBytes).toBeLessThanOrEqual(BUDGET);
        expect(overBudgetBytes).toBe(0);
      }
    }),
  );
});
