import type { ModelManifest } from '../../core/model/manifest.ts';
import { DEFAULT_OPTIONS, type ModelOptions } from '../../core/model/options.ts';
import type { LoadOptions } from '../service.ts';

const KINDS = {
  maxBatchSize: 'number',
  maxQueueDelayUs: 'number',
  preferredBatchSizes: 'numbers',
  instances: 'number',
  intraOpThreads: 'number',
  defaultTimeoutMs: 'number',
  maxQueueLength: 'number',
  warmUpRuns: 'number',
  keepAliveMs: 'number',
  shareWeights: 'boolean',
  maxSequences: 'number',
  sequenceIdleMs: 'number',
} as const satisfies Record<keyof LoadOptions, 'number' | 'numbers' | 'boolean'>;

// Object.keys has lost the literal types of an object whose keys are known.
const NAMES = Object.keys(KINDS) as readonly (keyof LoadOptions)[];

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

/** Names of the requested options, as requests have them, that differ from what a version runs with. */
export function differingOptions(current: Partial<ModelOptions>, requested: LoadOptions): readonly string[] {
  const differing = NAMES.filter((name) => requested[name] !== undefined && !isSame(requested[name], current[name]));
  return differing.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** Load options out of a stored record. What is unknown or of another kind is left out: an older server may have written it. */
export function parseStoredOptions(stored: Readonly<Record<string, unknown>>): LoadOptions {
  // Each value is of its option's kind.
  return Object.fromEntries(
    NAMES.filter((name) => kindOf(stored[name]) === KINDS[name]).map((name) => [name, stored[name]]),
  ) as LoadOptions;
}

type OptionValue = LoadOptions[keyof LoadOptions];

function isSame(one: OptionValue, other: OptionValue): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) && value.every((each) => typeof each === 'number') ? 'numbers' : typeof value;
}
