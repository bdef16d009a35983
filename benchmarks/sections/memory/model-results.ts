import type { ReportedMemory } from '../../contestants/server.ts';
import { megabytes, percent } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';

const MOST_DEVIATION = 0.05;

/** A model's process at one moment, in bytes. */
export interface Footprint {
  readonly reported: ReportedMemory;
  /** Its PSS as another process reads it. */
  readonly outside: number;
}

/** A model that was loaded and asked, in bytes. */
export interface ModelMemory extends Footprint {
  readonly id: string;
  readonly title: string;
  /** What all processes have more with it than after its unload. */
  readonly cost: number;
}

/** How far the reported footprint is from what is read outside, as a share of that. */
export function deviation({ reported, outside }: Footprint): number {
  return Math.abs(reported.footprint / outside - 1);
}

export function modelTable(models: readonly ModelMemory[]): Table {
  return {
    caption: 'Each model, loaded alone in EchoServe',
    columns: [
      'model',
      'weights',
      'estimate',
      'reported footprint',
      'PSS from outside',
      'deviation',
      'peak',
      'cost',
      'at most',
    ],
    rows: models.map((model) => [
      model.title,
      megabytes(model.reported.weights),
      megabytes(model.reported.estimate),
      megabytes(model.reported.footprint),
      megabytes(model.outside),
      percent(deviation(model)),
      megabytes(model.reported.peak),
      megabytes(model.cost),
      megabytes(mostBytes(model)),
    ]),
  };
}

export function modelFindings(models: readonly ModelMemory[]): readonly Finding[] {
  const off = worst(models, deviation);
  const large = worst(models, (model) => model.cost / mostBytes(model));
  return [
    {
      target: `the reported footprint is within ${percent(MOST_DEVIATION)} of the PSS from outside, for each benchmark model`,
      figure: off === undefined ? 'no model' : `at most ${percent(deviation(off))} off (${off.id})`,
      isMet: off !== undefined && models.every((model) => deviation(model) <= MOST_DEVIATION),
    },
    {
      target: 'a loaded model costs ≤ 1.35 × weights + 60 MB, for each benchmark model',
      figure:
        large === undefined
          ? 'no model'
          : `closest: ${large.id}, ${megabytes(large.cost)} of ${megabytes(mostBytes(large))}`,
      isMet: large !== undefined && models.every((model) => model.cost <= mostBytes(model)),
    },
  ];
}

/** The target's right side. */
function mostBytes({ reported }: ModelMemory): number {
  return 1.35 * reported.weights + 60e6;
}

/** The one with the largest figure; one whose figure is not a number is worse than any. */
function worst(models: readonly ModelMemory[], figure: (model: ModelMemory) => number): ModelMemory | undefined {
  const order = (model: ModelMemory): number => {
    const value = figure(model);
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  };
  return models.toSorted((a, b) => order(b) - order(a))[0];
}
