import { z } from 'zod';
import { TensorMetadata } from './common.ts';

export const ServerMetadata = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .meta({ id: 'ServerMetadata' });

export const Live = z.object({ live: z.boolean() });
export const ServerReady = z.object({ ready: z.boolean() });
export const ModelReady = z.object({ name: z.string(), ready: z.boolean() });

export const ModelMetadata = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(TensorMetadata),
    outputs: z.array(TensorMetadata),
  })
  .meta({ id: 'ModelMetadata' });

/** The parameters that Triton's clients can send change nothing here, but must not fail either. */
export const RepositoryBody = z.looseObject({ parameters: z.looseObject({}).optional() }).nullish();

export const IndexBody = z
  .looseObject({ ready: z.boolean().optional().meta({ description: 'Only what is ready.' }) })
  .nullish();

export const RepositoryIndex = z
  .array(
    z.object({
      name: z.string(),
      version: z.string(),
      state: z.enum(['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING']),
      reason: z.string(),
    }),
  )
  .meta({ id: 'RepositoryIndex' });

export const Nothing = z.object({});
