import { z } from 'zod';

/** Triton's model configuration, as far as it has a meaning here. Its names: github.com/triton-inference-server/common, model_config.proto. */

const ConfigInput = z.object({
  name: z.string(),
  data_type: z.string().meta({ examples: ['TYPE_FP32'] }),
  format: z.literal('FORMAT_NONE'),
  dims: z.array(z.int()).meta({ description: 'Without the batch dimension where max_batch_size is not 0.' }),
  is_shape_tensor: z.boolean(),
  allow_ragged_batch: z.boolean(),
  optional: z.boolean(),
});

const ConfigOutput = z.object({
  name: z.string(),
  data_type: z.string(),
  dims: z.array(z.int()),
  label_filename: z.string(),
  is_shape_tensor: z.boolean(),
});

export const ModelConfig = z
  .object({
    name: z.string(),
    platform: z.string(),
    backend: z.string(),
    version_policy: z.object({ specific: z.object({ versions: z.array(z.string()) }) }),
    max_batch_size: z.int().meta({ description: '0: requests are never batched.' }),
    input: z.array(ConfigInput),
    output: z.array(ConfigOutput),
    batch_input: z.array(z.never()),
    batch_output: z.array(z.never()),
    instance_group: z.array(
      z.object({ name: z.string(), kind: z.literal('KIND_CPU'), count: z.int(), gpus: z.array(z.int()) }),
    ),
    default_model_filename: z.string(),
    dynamic_batching: z
      .object({ preferred_batch_size: z.array(z.int()), max_queue_delay_microseconds: z.int() })
      .optional(),
    parameters: z.record(z.string(), z.object({ string_value: z.string() })),
    model_warmup: z.array(z.never()),
  })
  .meta({ id: 'ModelConfig' });

const Duration = z.object({ count: z.int(), ns: z.int() });

export const ModelStatistics = z
  .object({
    model_stats: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        last_inference: z.int().meta({ description: 'Milliseconds since 1970; 0 before the first one.' }),
        inference_count: z.int(),
        execution_count: z.int(),
        inference_stats: z.object({
          success: Duration,
          fail: Duration.meta({ description: 'The time of failed requests is not measured: ns is 0.' }),
          queue: Duration,
          compute_input: Duration.meta({ description: 'Decoding.' }),
          compute_infer: Duration,
          compute_output: Duration.meta({ description: 'Encoding.' }),
        }),
        batch_stats: z
          .array(
            z.object({
              batch_size: z.int(),
              compute_input: Duration,
              compute_infer: Duration,
              compute_output: Duration,
            }),
          )
          .meta({ description: 'Counts by batch size. Times are not kept by batch size: ns is 0.' }),
      }),
    ),
  })
  .meta({ id: 'ModelStatistics' });
