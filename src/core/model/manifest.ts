import { mergeRolloutOptions, type RolloutOptions } from '../rollout/rollout-config.ts';
import type { ModelOptions } from './options.ts';
import type { StateDeclaration } from './state.ts';

/** `model.json` beside a model or a version: how it is to be served. Absent members keep their defaults. */
export interface ModelManifest {
  readonly description?: string;
  readonly options: Partial<ModelOptions>;
  /** Class labels by output name, for `classification`. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Tensors that are carried from run to run of a sequence. */
  readonly state?: readonly StateDeclaration[];
  /** What updates to it are steered by, where a request says nothing else. */
  readonly strategy?: RolloutOptions;
}

export const EMPTY_MANIFEST: ModelManifest = { options: {}, labels: {} };

/** The version's manifest over its model's: the version wins member by member. */
export function mergeManifests(model: ModelManifest, version: ModelManifest): ModelManifest {
  const strategies = [model.strategy, version.strategy].filter((strategy) => strategy !== undefined);
  return {
    ...model,
    ...version,
    options: { ...model.options, ...version.options },
    labels: { ...model.labels, ...version.labels },
    ...(strategies.length === 0 ? {} : { strategy: strategies.reduce(mergeRolloutOptions) }),
  };
}
