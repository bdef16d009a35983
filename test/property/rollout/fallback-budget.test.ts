import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FALLBACK_BURST,
  FALLBACK_SHARE,
  fullFallbackBudget,
  takeFallback,
} from '../../../src/core/rollout/fallback-budget.ts';

const START = 5_000_000;
const demand = fc.record({ afterMs: fc.integer({ min: -50, max: 500 }), requestsPerSecond: fc.nat(2000) });

test('fallbacks never exceed the burst and a tenth of the requests', () => {
  fc.assert(
    fc.property(fc.array(demand, { maxLength: 300 }), (demands) => {
      let budget = fullFallbackBudget(START);
      let [now, latest, allowed, requests] = [START, START, 0, 0];
      for (const { afterMs, requestsPerSecond } of demands) {
        now += afterMs;
        requests += (Math.max(0, now - latest) / 1000) * requestsPerSecond;
        latest = Math.max(latest, now);
        const taken = takeFallback(budget, { now, requestsPerSecond, suspected: false });
        budget = taken.budget;
        if (taken.allowed) allowed += 1;
        expect(budget.tokens >= 0 && budget.tokens <= FALLBACK_BURST).toBe(true);
        expect(allowed).toBeLessThanOrEqual(FALLBACK_BURST + FALLBACK_SHARE * requests + 1e-6);
      }
    }),
  );
});

test('under suspicion every fallback is allowed, and costs nothing', () => {
  let budget = fullFallbackBudget(START);
  for (let i = 0; i < 1000; i += 1) {
    const taken = takeFallback(budget, { now: START, requestsPerSecond: 0, suspected: true });
    expect(taken.allowed).toBe(true);
    budget = taken.budget;
  }
  expect(budget.tokens).toBe(FALLBACK_BURST);
});

test('after a burst the next fallback comes with the tenth request', () => {
  let budget = fullFallbackBudget(START);
  const take = (now: number) => {
    const taken = takeFallback(budget, { now, requestsPerSecond: 200, suspected: false });
    budget = taken.budget;
    return taken.allowed;
  };
  for (let i = 0; i < FALLBACK_BURST; i += 1) expect(take(START)).toBe(true);
  expect(take(START)).toBe(false);
  expect(take(START + 49)).toBe(false);
  expect(take(START + 50)).toBe(true);
  expect(take(START + 50)).toBe(false);
});
