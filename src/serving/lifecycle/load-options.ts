import type { ModelManifest } from '../../core/model/manifest.ts';
import { DEFAULT_OPTIONS, type ModelOptions } from '../../core/model/options.ts';
import type { LoadOptions } from '../service.ts';

const NAMES = ['maxBatchSize', 'intraOpThreads', 'defaultTimeoutMs', 'maxQueueLength', 'warmUpRuns'] as const;

/** The defaults, under the manifest's options, under those of the load request. */
export function effectiveOptions(
  manifest: ModelManifest,
  requested: LoadOptions,
  defaultTimeoutMs: number | undefined,
): ModelOptions {
  return {
    ...DEFAULT_OPTIONS,
    ...(defaultTimeoutMs === undefined ? {} : { defaultTimeoutMs }),
    ...manifest.options,
    ...requested,
  };
}

/** Names of the requested options that differ from what a version runs with. */
export function differingOptions(current: Partial<ModelOptions>, requested: LoadOptions): readonly string[] {
  return NAMES.filter((name) => requested[name] !== undefined && requested[name] !== current[name]);
}

/** Load options out of a stored record. What is unknown or not a number is left out: an older server may have written it. */
export function parseStoredOptions(stored: Readonly<Record<string, unknown>>): LoadOptions {
  const options: { -readonly [K in keyof LoadOptions]: LoadOptions[K] } = {};
  for (const name of NAMES) {
    const value = stored[name];
    if (typeof value === 'number') options[name] = value;
  }
  return options;
}
