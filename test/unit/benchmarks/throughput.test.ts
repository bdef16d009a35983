import { describe, expect, it } from 'vitest';
import type { LoadResult } from '../../../benchmarks/load/closed-loop.ts';
import { TINY, WIDE } from '../../../benchmarks/models/catalog.ts';
import { CONVOLUTIONAL } from '../../../benchmarks/models/convolutional.ts';
import { throughputFindings } from '../../../benchmarks/sections/throughput/findings.ts';
import { hasEchoFloor, planOf } from '../../../benchmarks/sections/throughput/plan.ts';
import { type CellResult, medianOfRounds } from '../../../benchmarks/sections/throughput/results.ts';
import { throughputTables } from '../../../benchmarks/sections/throughput/tables.ts';

const load = (perSecond: number, p50Ms = 1, p99Ms = 2, failed = 0): LoadResult => ({
  ...{ count: 10, p50Ms, p99Ms, p999Ms: p99Ms, maxMs: p99Ms },
  perSecond,
  failed,
});

function cell(format: 'json' | 'binary', concurrency: number, rounds: CellResult['rounds'], model = TINY): CellResult {
  return { cell: { model, format, concurrency, warmUpMs: 0, durationMs: 0 }, rounds, loopDelays: { EchoServe: 3 } };
}

describe('the plan', () => {
  it('of a quick run has what every kind of finding needs', () => {
    const cells = planOf('quick').cells.map(
      (planned) =>
        ({
          cell: planned,
          rounds: { naive: [load(1)], EchoServe: [load(2)], echo: [load(1)] },
          loopDelays: {},
        }) satisfies CellResult,
    );
    const raw = planOf('quick').raw.map((planned) => ({
      cell: planned,
      rounds: [{ perSecond: 1, p50Ms: 1, p99Ms: 1 }],
    }));
    const targets = throughputFindings({ cells, raw }).map(({ target }) => target);
    for (const kind of ['raw runs', '8 × the naive', '1.4 × the naive', 'echo route', '0.05 ms', '0.5 ms', 'p99']) {
      expect(targets.filter((target) => target.includes(kind))).not.toEqual([]);
    }
  });

  it('of a full run puts every model under every format and concurrency', () => {
    expect(planOf('full').cells).toHaveLength(4 * 2 * 3);
  });

  it('batches only what can be batched', () => {
    expect(
      planOf('full')
        .raw.filter(({ model }) => model === CONVOLUTIONAL)
        .map(({ batch }) => batch),
    ).toEqual([1]);
  });

  it('sends no large bodies back', () => {
    expect(
      planOf('full')
        .cells.filter(hasEchoFloor)
        .every(({ model }) => model === TINY || model === WIDE),
    ).toBe(true);
  });
});

describe('findings', () => {
  it('take the ratio within each round, so that a slow stretch of the machine weighs on both', () => {
    expect(medianOfRounds([100, 50, 10], [50, 25, 5], (a, b) => a / b)).toBe(2);
  });

  it('say met at the limit and not met below it', () => {
    const of = (perSecond: number) =>
      throughputFindings({
        cells: [cell('json', 32, { naive: [load(100)], EchoServe: [load(perSecond)], echo: [load(200)] })],
        raw: [],
      });
    const verdicts = (perSecond: number): boolean[] => of(perSecond).map(({ isMet }) => isMet);
    expect(verdicts(170)).toEqual([true, true, true]);
    expect(verdicts(140)).toEqual([true, false, true]);
    expect(verdicts(139)).toEqual([false, false, true]);
  });

  it('are not made of what failed to be measured', () => {
    const findings = throughputFindings({ cells: [cell('json', 32, {})], raw: [] });
    expect(findings.some(({ isMet }) => isMet)).toBe(false);
  });

  it('name the load with the worst tail', () => {
    const cells = [
      cell('json', 1, { naive: [load(1, 1, 10)], EchoServe: [load(1, 1, 9)] }),
      cell('binary', 8, { naive: [load(1, 1, 10)], EchoServe: [load(1, 1, 30)] }),
    ];
    expect(throughputFindings({ cells, raw: [] }).at(-1)).toMatchObject({
      figure: '1 of 2 loads; worst ×3.00 (tiny-mlp, binary, concurrency 8)',
      isMet: false,
    });
  });

  it('compare with the runtime by batch 1', () => {
    const cells = [cell('binary', 8, { naive: [load(90)], EchoServe: [load(98)] }, CONVOLUTIONAL)];
    const raw = [{ cell: { model: CONVOLUTIONAL, batch: 1 }, rounds: [{ perSecond: 100, p50Ms: 1, p99Ms: 1 }] }];
    expect(throughputFindings({ cells, raw })[0]).toMatchObject({ figure: '×0.98', isMet: true });
  });
});

it('the tables show failures beside the contestant, and the delay of the event loops that were watched', () => {
  const cells = [cell('json', 1, { naive: [load(10)], EchoServe: [load(20, 1, 2, 3)] })];
  const [table] = throughputTables({ cells, raw: [] });
  expect(table?.rows).toEqual([
    ['json, concurrency 1', 'naive', '10', '1', '2', '×1.00', '–'],
    ['json, concurrency 1', 'EchoServe (3 failed)', '20', '1', '2', '×2.00', '3'],
  ]);
});
