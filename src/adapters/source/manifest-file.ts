import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { camelMembers } from '../../core/casing.ts';
import { EMPTY_MANIFEST, type ModelManifest } from '../../core/model/manifest.ts';
import { contradictionIn, MAX_PREFERRED_SIZES, OPTION_RANGES, type Range } from '../../core/model/options.ts';
import { rolloutOptionsOf, Strategy } from '../../serving/rollouts/strategy.ts';
import { confine, reasonOf } from './confine.ts';

export const MANIFEST_FILE = 'model.json';

/** Room for the labels of a large classifier, and none for a file that is no manifest. */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

/** Two for each layer of a network with many. */
const MAX_STATES = 1024;

const within = ({ min, max }: Range) => z.int().min(min).max(max);

const manifestSchema = z.strictObject({
  description: z.string().optional(),
  options: z
    .strictObject({
      max_batch_size: within(OPTION_RANGES.maxBatchSize).optional(),
      max_queue_delay_us: within(OPTION_RANGES.maxQueueDelayUs).optional(),
      preferred_batch_sizes: z.array(within(OPTION_RANGES.preferredBatchSizes)).max(MAX_PREFERRED_SIZES).optional(),
      instances: within(OPTION_RANGES.instances).optional(),
      intra_op_threads: within(OPTION_RANGES.intraOpThreads).optional(),
      default_timeout_ms: within(OPTION_RANGES.defaultTimeoutMs).optional(),
      max_queue_length: within(OPTION_RANGES.maxQueueLength).optional(),
      warm_up_runs: within(OPTION_RANGES.warmUpRuns).optional(),
      keep_alive_ms: within(OPTION_RANGES.keepAliveMs).optional(),
      share_weights: z.boolean().optional(),
      max_sequences: within(OPTION_RANGES.maxSequences).optional(),
      sequence_idle_ms: within(OPTION_RANGES.sequenceIdleMs).optional(),
    })
    .superRefine((options, context) => {
      const message = contradictionIn(camelMembers(options));
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['preferred_batch_sizes'], message });
    })
    .default({}),
  labels: z.record(z.string(), z.array(z.string())).default({}),
  strategy: Strategy.optional(),
  state: z
    .array(
      z.strictObject({
        input: z.string().min(1),
        output: z.string().min(1),
        initial: z.union([z.number(), z.array(z.number())]).optional(),
      }),
    )
    .min(1)
    .max(MAX_STATES)
    .optional(),
});

/** Why a manifest can not be used, as a sentence without its end. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Reads `model.json` in `dir`; the empty manifest where there is none.
 * @throws ManifestError with the reason, unknown and wrong members named
 */
export async function readManifest(dir: string, realRoots: readonly string[]): Promise<ModelManifest> {
  const confined = await confine(join(dir, MANIFEST_FILE), realRoots);
  if (!confined.ok) {
    if (confined.missing) return EMPTY_MANIFEST;
    throw new ManifestError(confined.reason);
  }
  return parseManifest(await readLimited(confined.realPath));
}

async function readLimited(path: string): Promise<string> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new ManifestError('it is no regular file');
    if (stats.size > MAX_MANIFEST_BYTES) throw new ManifestError(`it is larger than ${MAX_MANIFEST_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    throw new ManifestError(reasonOf(error), { cause: error });
  }
}

/** @throws ManifestError */
export function parseManifest(text: string): ModelManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ManifestError(`it is not JSON: ${reasonOf(error)}`, { cause: error });
  }
  const result = manifestSchema.safeParse(json);
  if (!result.success) throw new ManifestError(result.error.issues.map(issueText).join('; '));
  const { description, options, labels, strategy, state } = result.data;
  return {
    ...(description === undefined ? {} : { description }),
    options: camelMembers(options),
    labels,
    ...(state === undefined ? {} : { state: state.map(camelMembers) }),
    ...(strategy === undefined ? {} : { strategy: rolloutOptionsOf(strategy) }),
  };
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
