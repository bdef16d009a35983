import { expect, it } from 'vitest';
import type { Cost } from '../../../benchmarks/sections/scale/cost.ts';
import { curveFindings, curveTable, type Point } from '../../../benchmarks/sections/scale/curve.ts';

const cost = (frontUs: number, runnersUs: number, failed = 0): Cost => ({
  ...{ frontUs, runnersUs, failed },
  ...{ perSecond: 1000, p50Ms: 1 },
});

const point = (size: number, rounds: readonly Cost[], references: readonly Cost[]): Point => ({
  ...{ size, rounds, references },
});

const curve = (...points: Point[]) => [{ load: 'all in turn', points }];

it('growth is the median of the ratios within each round, so that a slow stretch of the machine weighs on both', () => {
  const curves = curve(
    point(1, [cost(50, 50)], [cost(50, 50)]),
    point(500, [cost(60, 50), cost(600, 500), cost(50, 50)], [cost(50, 50), cost(500, 500), cost(50, 50)]),
  );
  expect(curveFindings('versions', curves)).toEqual([
    {
      target: 'cost per request at 500 versions ≤ 1.2 × that at 1 (all in turn)',
      figure: '×1.10',
      isMet: true,
    },
  ]);
  const { columns, rows } = curveTable('versions', curves);
  expect(rows[1]).toEqual(['500', 'all in turn', '60', '50', '110', '×1.10', '1000', '1', '0']);
  expect(rows[1]).toHaveLength(columns.length);
});

it('more than a fifth of growth does not pass', () => {
  const points = [point(1, [cost(1, 1)], [cost(1, 1)]), point(50, [cost(1, 1.5)], [cost(1, 1)])];
  expect(curveFindings('versions', curve(...points))).toMatchObject([{ figure: '×1.25', isMet: false }]);
});

it('nor do requests that failed, at any size', () => {
  const points = [point(1, [cost(1, 1, 4)], [cost(1, 1)]), point(50, [cost(1, 1)], [cost(1, 1)])];
  expect(curveFindings('versions', curve(...points))).toMatchObject([
    { figure: '×1.00, and requests failed', isMet: false },
  ]);
});

it('nor what was not measured', () => {
  expect(curveFindings('versions', curve())).toMatchObject([{ isMet: false }]);
});
