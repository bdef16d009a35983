import { expect, test } from 'vitest';
import { hasDrifted, MemoryLedger } from '../../../src/core/memory/ledger.ts';

test('a new ledger has its whole budget free', () => {
  expect(new MemoryLedger('host', 100).figures()).toEqual({
    resource: 'host',
    budgetBytes: 100,
    usedBytes: 0,
    reservedBytes: 0,
    freeBytes: 100,
    overBudgetBytes: 0,
  });
});

test('loads side by side can not overshoot the budget together', () => {
  const ledger = new MemoryLedger('host', 100);

  expect(ledger.tryReserve('a', 60)).toBe(true);
  expect(ledger.tryReserve('b', 60)).toBe(false);
  expect(ledger.tryReserve('c', 40)).toBe(true);
  expect(ledger.figures()).toMatchObject({ usedBytes: 0, reservedBytes: 100, freeBytes: 0 });
});

test('a refused reservation leaves nothing behind', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 101);

  expect(ledger.get('a')).toBeUndefined();
  expect(ledger.figures().freeBytes).toBe(100);
});

test('a footprint takes the place of the reservation, and the next one its place', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 60);

  ledger.settle('a', 45);
  expect(ledger.figures()).toMatchObject({ usedBytes: 45, reservedBytes: 0, freeBytes: 55 });
  ledger.settle('a', 50);
  expect(ledger.figures()).toMatchObject({ usedBytes: 50, reservedBytes: 0, freeBytes: 50 });
  expect(ledger.entries()).toEqual([{ key: 'a', reservedBytes: 60, footprintBytes: 50 }]);
});

test('a footprint above the budget is shown, and nothing is admitted until it is below again', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 90);
  ledger.settle('a', 130);

  expect(ledger.figures()).toMatchObject({ usedBytes: 130, freeBytes: -30, overBudgetBytes: 30 });
  expect(ledger.tryReserve('b', 0)).toBe(false);
  ledger.settle('a', 95);
  expect(ledger.tryReserve('b', 5)).toBe(true);
});

test('releasing gives everything back, once', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 60);
  ledger.tryReserve('b', 40);
  ledger.release('a');
  ledger.release('a');
  ledger.release('never there');

  expect(ledger.figures()).toMatchObject({ reservedBytes: 40, freeBytes: 60 });
});

test('a measurement that arrives after the release does not bring its holder back', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 60);
  ledger.release('a');

  expect(ledger.settle('a', 55)).toBe(false);
  expect(ledger.figures().usedBytes).toBe(0);
});

test('a key that holds memory can not reserve again', () => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 10);

  expect(() => ledger.tryReserve('a', 10)).toThrow(/"a" holds memory already/);
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d bytes are no size', (bytes) => {
  const ledger = new MemoryLedger('host', 100);
  ledger.tryReserve('a', 10);

  expect(() => new MemoryLedger('host', bytes)).toThrow(RangeError);
  expect(() => ledger.tryReserve('b', bytes)).toThrow(RangeError);
  expect(() => ledger.settle('a', bytes)).toThrow(RangeError);
  expect(ledger.figures()).toMatchObject({ usedBytes: 0, reservedBytes: 10 });
});

test('drift begins a third above the reservation', () => {
  expect(hasDrifted({ reservedBytes: 300, footprintBytes: 400 })).toBe(false);
  expect(hasDrifted({ reservedBytes: 300, footprintBytes: 401 })).toBe(true);
});

test('what is not measured, or reserved nothing, has not drifted', () => {
  expect(hasDrifted({ reservedBytes: 300, footprintBytes: undefined })).toBe(false);
  expect(hasDrifted({ reservedBytes: 0, footprintBytes: 400 })).toBe(false);
});
