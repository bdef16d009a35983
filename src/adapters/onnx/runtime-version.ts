import { createRequire } from 'node:module';
import { z } from 'zod';

const manifest = z.object({ version: z.string() });

/** Of the installed onnxruntime-node, read without loading its native binding into the front. */
export const RUNTIME_VERSION = manifest.parse(createRequire(import.meta.url)('onnxruntime-node/package.json')).version;
