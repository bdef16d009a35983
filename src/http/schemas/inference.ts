import { z } from 'zod';
import { DATATYPES } from '../../core/tensor/datatype.ts';
import { ModelParams, VersionParams } from './common.ts';
import { INFERENCE } from './errors.ts';

/** These schemas describe the infer routes in the documentation. No inference is validated by them. */

const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const Data = z.array(z.any()).meta({ description: 'Flat or nested, row-major.' });

const InferenceRequest = z
  .looseObject({
    id: z.string().optional(),
    parameters: Parameters.optional().meta({
      description:
        '`timeout` in µs, `priority` (1 is the most urgent), `binary_data_output`; of a model with states also `sequence_id` (a string or an integer), `sequence_start`, `sequence_end`.',
    }),
    inputs: z.array(
      z.looseObject({
        name: z.string(),
        shape: z.array(z.int()),
        datatype: z.enum(DATATYPES),
        parameters: Parameters.optional().meta({ description: '`binary_data_size`' }),
        data: Data.optional(),
      }),
    ),
    outputs: z
      .array(
        z.looseObject({
          name: z.string(),
          parameters: Parameters.optional().meta({ description: '`binary_data`, `classification`' }),
        }),
      )
      .optional(),
  })
  .meta({
    id: 'Inference',
    examples: [{ inputs: [{ name: 'input', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] }] }],
  });

const InferenceResponse = z
  .looseObject({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    parameters: Parameters.optional(),
    outputs: z.array(
      z.looseObject({
        name: z.string(),
        shape: z.array(z.int()),
        datatype: z.enum(DATATYPES),
        parameters: Parameters.optional(),
        data: Data.optional(),
      }),
    ),
  })
  .meta({ id: 'InferenceResponse' });

const InferHeaders = z.object({
  'inference-header-content-length': z.int().min(0).optional().meta({
    description: 'Bytes of the JSON in front of binary tensors; 0: the whole body is the single input.',
  }),
  'content-encoding': z.enum(['gzip', 'deflate', 'identity']).optional(),
  'x-request-timeout-ms': z.int().min(1).optional(),
  'x-request-priority': z.int().min(0).optional().meta({ description: '1 is the most urgent.' }),
  'x-model-version': z.string().optional(),
  'x-sequence-id': z.string().max(256).optional().meta({
    description:
      "During an update of a model with states: the routing key, so that a sequence stays with its version. The same as the body's `sequence_id`. Requests without it stay on the old version until all traffic goes to the new one.",
  }),
  'x-routing-key': z.string().max(256).optional().meta({
    description:
      'During an update, requests with the same key go to the same version as far as that can be. The name of the header can be configured.',
  }),
});

const Binary = z.string().meta({ format: 'binary' });

/** The schema of an infer route, with the error responses of its dialect. */
export function inferSchema(options: {
  readonly operationId: string;
  readonly summary: string;
  readonly hasVersion: boolean;
  readonly errors: (...statuses: readonly number[]) => Readonly<Record<number, unknown>>;
}) {
  return {
    tags: ['inference'],
    operationId: options.operationId,
    summary: options.summary,
    description:
      'The body is JSON, or a JSON header followed by binary tensors when `Inference-Header-Content-Length` is set. The response is binary where that was asked for.',
    consumes: ['application/json', 'application/octet-stream'],
    params: options.hasVersion ? VersionParams : ModelParams,
    headers: InferHeaders,
    body: InferenceRequest,
    response: {
      200: {
        description:
          'The outputs, with `x-served-by` and `server-timing` headers; with `x-fallback-from` where another version failed before.',
        content: {
          'application/json': { schema: InferenceResponse },
          'application/octet-stream': { schema: Binary },
        },
      },
      ...options.errors(...INFERENCE),
    },
  };
}
