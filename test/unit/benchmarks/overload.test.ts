import { expect, it } from 'vitest';
import { CONVOLUTIONAL } from '../../../benchmarks/models/convolutional.ts';
import { type Outcome, outcomeOf } from '../../../benchmarks/sections/overload/outcome.ts';
import { overloadFindings, overloadTable, type RateResult } from '../../../benchmarks/sections/overload/results.ts';

const SAMPLES = [
  { dueMs: 900, latencyMs: 1 },
  { dueMs: 1000, latencyMs: 50 },
  { dueMs: 1100, latencyMs: 200 },
  { dueMs: 1200, latencyMs: 201 },
  { dueMs: 3000, latencyMs: 1 },
];
const FAILURES = [
  ...[429, 503, 504, 500, 400, undefined].map((status) => ({ dueMs: 1500, status })),
  { dueMs: 999, status: 500 },
];

it('every request that was due in the stretch counts once, by what became of it', () => {
  const stretch = { fromMs: 1000, untilMs: 3000 };
  expect(outcomeOf({ samples: SAMPLES, failures: FAILURES }, stretch, 200)).toEqual({
    ...{ sent: 9, inTime: 2, late: 1, refused: 2, expired: 1, failed: 3 },
    ...{ goodput: 1, p50Ms: 200, p99Ms: 201 },
  });
});

function rate(name: RateResult['name'], share: number, outcome: Partial<Outcome>): RateResult {
  const base = { sent: 100, inTime: 100, late: 0, refused: 0, expired: 0, failed: 0, goodput: 50, p50Ms: 10 };
  return { name, share, ratePerSecond: 100, outcome: { ...base, p99Ms: 20, ...outcome } };
}

const findings = (...rates: RateResult[]) =>
  overloadFindings({ model: CONVOLUTIONAL, deadlineMs: 200, rates }).map(({ figure, isMet }) => [figure, isMet]);

it('a server that keeps its goodput, answers within the deadline and refuses the rest meets every target', () => {
  expect(
    findings(
      rate('EchoServe', 1, {}),
      rate('EchoServe', 2, { goodput: 45, refused: 55 }),
      rate('naive', 1, {}),
      rate('naive', 2, { goodput: 5, failed: 3, p99Ms: 5000 }),
    ),
  ).toEqual([
    ['×0.90 (naive: ×0.10)', true],
    ['20 ms', true],
    ['0 failed otherwise', true],
  ]);
});

it('one that collapses, answers too late or fails at any rate meets none', () => {
  expect(
    findings(
      rate('EchoServe', 1, { p99Ms: 201 }),
      rate('EchoServe', 1.5, { failed: 2 }),
      rate('EchoServe', 2, { goodput: 44 }),
    ),
  ).toEqual([
    ['×0.88 (naive: –)', false],
    ['201 ms', false],
    ['2 failed otherwise', false],
  ]);
});

it('one that answers nothing has not answered within the deadline', () => {
  const nothing = { inTime: 0, goodput: 0, p50Ms: Number.NaN, p99Ms: Number.NaN, expired: 100 };
  const met = findings(rate('EchoServe', 1, nothing), rate('EchoServe', 2, nothing)).map(([, isMet]) => isMet);
  expect(met).toEqual([false, false, true]);
});

it('the table has a row per server and rate', () => {
  const rates = [rate('EchoServe', 2, { refused: 3, expired: 4 })];
  const { columns, rows } = overloadTable({ model: CONVOLUTIONAL, deadlineMs: 200, rates });
  expect(rows).toEqual([['2 × capacity, 100/s', 'EchoServe', '100', '100', '50', '0', '3', '4', '0', '10', '20']]);
  expect(rows[0]).toHaveLength(columns.length);
});
