import { createHash } from 'node:crypto';
import type { ExternalFile } from './external-data.ts';
import { PositionalFile } from './positional-file.ts';

const CHUNK_BYTES = 1 << 20;

/** SHA-256 of a file, in hex: of the one that is open, whatever has its name by now. */
export function fileDigest(file: PositionalFile): string {
  const hash = createHash('sha256');
  for (let position = 0; position < file.size; position += CHUNK_BYTES) {
    hash.update(file.bytes(position, Math.min(file.size, position + CHUNK_BYTES)));
  }
  return hash.digest('hex');
}

/**
 * What identifies a model: its file's digest. Where weights are in files of their own, the SHA-256 of all digests in
 * hex, one after the other: the model's, then the external files' by location.
 */
export function modelDigest(model: PositionalFile, externalFiles: readonly ExternalFile[]): string {
  const own = fileDigest(model);
  if (externalFiles.length === 0) return own;
  const hash = createHash('sha256').update(own);
  for (const { path } of externalFiles) {
    using external = new PositionalFile(path);
    hash.update(fileDigest(external));
  }
  return hash.digest('hex');
}
