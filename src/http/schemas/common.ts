import { z } from 'zod';
import { MAX_MODEL_ID_LENGTH } from '../../core/model/model-id.ts';
import { DATATYPES } from '../../core/tensor/datatype.ts';

export const ModelIdText = z
  .string()
  .min(1)
  .meta({
    description: `Segments of letters, digits, ".", "_" and "-", joined by "/"; at most ${MAX_MODEL_ID_LENGTH} characters. Slashes may be written raw or as %2F.`,
    examples: ['iris', 'meta-llama/Meta-Llama-3.1-8B'],
  });

export const VersionText = z.string().meta({
  description: 'An integer, a semver, or a name.',
  examples: ['1', 'v2.0', 'canary'],
});

export const ModelParams = z.object({ model_id: ModelIdText });
export const VersionParams = ModelParams.extend({ version: VersionText });

/** For routes that take no query: an unknown parameter is refused by name, not overlooked. */
export const NoQuery = z.strictObject({});

/** The body of a route that takes none: many clients send an empty object. */
export const Nothing = z.strictObject({}).nullish();

export const Timestamp = z.string().meta({ format: 'date-time', examples: ['2026-03-01T12:00:00.000Z'] });

export const TensorMetadata = z
  .object({
    name: z.string(),
    datatype: z.enum(DATATYPES),
    shape: z.array(z.int()).meta({ description: '−1 for a dimension that may vary.', examples: [[-1, 4]] }),
  })
  .meta({ id: 'TensorMetadata' });
