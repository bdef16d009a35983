import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ExternalFile } from './external-data.ts';

/** SHA-256 of a file, in hex. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * What identifies a model: its file's digest. Where weights are in files of their own, the SHA-256 of all digests in
 * hex, one after the other: the model's, then the external files' by location.
 */
export async function modelDigest(modelPath: string, externalFiles: readonly ExternalFile[]): Promise<string> {
  const own = await fileDigest(modelPath);
  if (externalFiles.length === 0) return own;
  const hash = createHash('sha256').update(own);
  for (const file of externalFiles) hash.update(await fileDigest(file.path));
  return hash.digest('hex');
}
