import type { ReservoirSize } from '../../../src/core/dtesn/membranes.ts';
import { PRESETS, type Preset } from '../../../src/core/dtesn/presets.ts';
import type { RandomStream } from '../../../src/core/dtesn/random.ts';
import type { ReservoirRecipe } from '../../../src/core/dtesn/reservoir.ts';
import { unknownInputs } from '../../../src/core/dtesn/standardisation.ts';

export function recipe(size: ReservoirSize, preset: Preset = 'balanced', inputs = 1, seed = 1): ReservoirRecipe {
  return { ...size, inputs, scales: PRESETS[preset], seed, standardisation: unknownInputs(inputs) };
}

export function normals(random: RandomStream, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}
