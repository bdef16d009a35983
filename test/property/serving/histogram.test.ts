import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../../../src/serving/running/histogram.ts';

const durations = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });

test('a quantile is an upper bound, at most a quarter (or a tick) too high', () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, q) => {
      const histogram = new LatencyHistogram();
      for (const ms of values) histogram.record(ms);
      const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? 0;
      const bound = histogram.quantile(q);
      expect(bound).toBeGreaterThanOrEqual(exact);
      expect(bound).toBeLessThanOrEqual(exact * 1.25 + 1 / 32);
    }),
  );
});

test('cumulative buckets count exactly what is at most their bound', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const histogram = new LatencyHistogram();
      for (const ms of values) histogram.record(ms);
      for (const { leMs, count } of histogram.summary().buckets) {
        expect(count).toBe(values.filter((ms) => ms <= leMs).length);
      }
    }),
  );
});
