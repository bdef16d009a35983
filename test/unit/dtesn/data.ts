import { type Moments, MomentsBuilder } from '../../../src/core/dtesn/moments.ts';
import type { RandomStream } from '../../../src/core/dtesn/random.ts';
import { normals } from './reservoirs.ts';

/** Rows of features, the first of them 1, and of targets that are linear in them but for noise. */
export interface Data {
  readonly features: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
}

export function linearData(random: RandomStream, rows: number, features: number, outputs: number, noise: number): Data {
  const weights = normals(random, features * outputs);
  const drawn = Array.from({ length: rows }, () => Float64Array.of(1, ...normals(random, features - 1)));
  const targets = drawn.map((row) =>
    Float64Array.from({ length: outputs }, (_, output) => {
      const exact = row.reduce((sum, value, i) => sum + value * (weights[i * outputs + output] ?? 0), 0);
      return exact + noise * random.normal();
    }),
  );
  return { features: drawn, targets };
}

export function momentsOf({ features, targets }: Data): Moments {
  const builder = new MomentsBuilder(features[0]?.length ?? 0, targets[0]?.length ?? 0);
  features.forEach((row, i) => {
    builder.add(row, targets[i] ?? []);
  });
  return builder.finish();
}
