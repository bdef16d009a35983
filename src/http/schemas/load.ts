import { z } from 'zod';
import { camelMembers } from '../../core/casing.ts';
import { contradictionIn, MAX_PREFERRED_SIZES, OPTION_RANGES, type Range } from '../../core/model/options.ts';
import { ModelIdText, VersionText } from './common.ts';
import { DESCRIPTION_FIELDS } from './dry-run.ts';
import { ModelVersion } from './model-version.ts';

const within = ({ min, max }: Range) => z.int().min(min).max(max);

export const LoadOptions = z
  .strictObject({
    max_batch_size: within(OPTION_RANGES.maxBatchSize).optional().meta({
      description: 'Rows that may share one run. 1 switches batching off.',
    }),
    max_queue_delay_us: within(OPTION_RANGES.maxQueueDelayUs).optional().meta({
      description:
        'How long a request may wait for others to share its run while nothing else is to be done. 0, the default: not at all; what comes while the model is busy is the next batch.',
    }),
    preferred_batch_sizes: z.array(within(OPTION_RANGES.preferredBatchSizes)).max(MAX_PREFERRED_SIZES).optional().meta({
      description:
        'Rows of a batch that goes as soon as it can be formed, the largest that can; what is less waits for `max_queue_delay_us`. Absent or empty: `max_batch_size` alone.',
    }),
    instances: within(OPTION_RANGES.instances).optional().meta({
      description: 'Processes that run it side by side; a request goes to the one with the fewest outstanding.',
    }),
    intra_op_threads: within(OPTION_RANGES.intraOpThreads).optional().meta({
      description: 'Threads of each of its processes. Absent: as the server says, or chosen from its processors.',
    }),
    default_timeout_ms: within(OPTION_RANGES.defaultTimeoutMs).optional(),
    max_queue_length: within(OPTION_RANGES.maxQueueLength).optional(),
    warm_up_runs: within(OPTION_RANGES.warmUpRuns).optional(),
    keep_alive_ms: within(OPTION_RANGES.keepAliveMs).optional().meta({
      description: 'How long it stays in memory unused. Absent: until the memory is needed.',
    }),
    share_weights: z.boolean().optional().meta({
      description: 'Whether all processes that run this file share one copy of its weights. Runs become slower.',
    }),
    max_sequences: within(OPTION_RANGES.maxSequences).optional().meta({
      description: 'Of a model with states: sequences that may be open at once; the next start gets 429. Default 1000.',
    }),
    sequence_idle_ms: within(OPTION_RANGES.sequenceIdleMs).optional().meta({
      description: 'Of a model with states: how long a sequence without a request is kept. Default 60,000.',
    }),
  })
  .superRefine((options, context) => {
    const message = contradictionIn(camelMembers(options));
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['preferred_batch_sizes'], message });
  });

/** Where the files are. */
export const SOURCE_FIELDS = {
  source: z.string().min(1).max(4096).optional().meta({
    description: 'A path inside the allowed roots, or a URL that the allow-list admits. Absent: the repository.',
  }),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits')
    .optional()
    .meta({ description: 'What the file at the source must hash to.' }),
};

export const LoadBody = z
  .strictObject({
    model_id: ModelIdText,
    version: VersionText.default('latest'),
    ...SOURCE_FIELDS,
    options: LoadOptions.default({}),
    pinned: z.boolean().optional(),
    force_reload: z.boolean().default(false),
    dry_run: z.boolean().default(false).meta({
      description:
        'true: tell what a load would need, whether it is admitted and what would be evicted; change nothing.',
    }),
    ...DESCRIPTION_FIELDS,
    wait: z.boolean().default(true).meta({ description: 'false: answer 202 as soon as the load has begun.' }),
  })
  .meta({ id: 'Load', examples: [{ model_id: 'iris' }, { model_id: 'iris', version: '2', wait: false }] });

export const Loaded = ModelVersion.extend({
  cache_hit: z.boolean().meta({ description: 'The version was resident already.' }),
}).meta({ id: 'LoadedVersion' });
