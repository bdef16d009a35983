import type { BenchmarkModel } from './benchmark-model.ts';
import { CONVOLUTIONAL } from './convolutional.ts';
import { perceptron } from './perceptron.ts';
import { TRANSFORMER } from './transformer.ts';

export const TINY = perceptron({ id: 'tiny-mlp', title: 'tiny MLP, 4→16→3', units: [4, 16, 3] });
export const WIDE = perceptron({ id: 'wide-mlp', title: '27 MB MLP, 64→2560→2560→16', units: [64, 2560, 2560, 16] });
/** Loaded and unloaded beside others. */
export const LARGE = perceptron({
  id: 'large-mlp',
  title: '100 MB MLP, 1024→3800→3800→1700→16',
  units: [1024, 3800, 3800, 1700, 16],
});
/** For the cycles of the memory section. */
export const MEDIUM = perceptron({
  id: 'medium-mlp',
  title: '67 MB MLP, 1024→3200→3200→1024',
  units: [1024, 3200, 3200, 1024],
});

export const MODELS: readonly BenchmarkModel[] = [TINY, WIDE, CONVOLUTIONAL, TRANSFORMER, LARGE, MEDIUM];

/** @throws Error for an id that no model has */
export function modelOf(id: string): BenchmarkModel {
  const model = MODELS.find((candidate) => candidate.id === id);
  if (model === undefined) throw new Error(`no benchmark model is called ${JSON.stringify(id)}`);
  return model;
}
