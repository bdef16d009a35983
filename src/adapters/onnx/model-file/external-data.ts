import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { ExternalReference } from './stored-tensor.ts';
import { unloadable } from './unloadable.ts';

/** A file with weights beside the model. */
export interface ExternalFile {
  /** As the model names it, relative to its directory. */
  readonly location: string;
  /** Where it really is. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * The files that hold a model's external data, sorted by location. Each must lie in the model's own directory once
 * symbolic links are followed: a model from anywhere must not be able to read another file of this machine.
 * @throws AppError `model_unloadable` naming the tensor and the location
 */
export function resolveExternalFiles(modelPath: string, references: readonly ExternalReference[]): ExternalFile[] {
  if (references.length === 0) return [];
  const directory = realpathSync(dirname(modelPath));
  const files = new Map<string, ExternalFile>();
  for (const reference of references) {
    const file = files.get(reference.location) ?? resolveFile(directory, reference);
    files.set(reference.location, file);
    const end = reference.offset + reference.length;
    if (end > file.bytes) {
      throw refusal(reference, `needs ${end} bytes, and the file has ${file.bytes}`);
    }
  }
  return [...files.values()].toSorted((a, b) => (a.location < b.location ? -1 : 1));
}

function resolveFile(directory: string, reference: ExternalReference): ExternalFile {
  const { location } = reference;
  // onnxruntime takes locations of this form for addresses in its own memory.
  if (location.startsWith('*/')) throw refusal(reference, 'is no file name');
  if (isAbsolute(location) || location.split(/[/\\]/).includes('..')) {
    throw refusal(reference, "reaches outside the model's directory");
  }
  const path = realPath(directory, reference);
  const inside = relative(directory, path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw refusal(reference, "is a link to a place outside the model's directory");
  }
  const stat = statSync(path);
  if (!stat.isFile()) throw refusal(reference, 'is not a regular file');
  return { location, path, bytes: stat.size };
}

function realPath(directory: string, reference: ExternalReference): string {
  try {
    return realpathSync(join(directory, reference.location));
  } catch (cause) {
    throw refusal(reference, 'is not there', cause);
  }
}

function refusal(reference: ExternalReference, why: string, cause?: unknown): Error {
  const { tensorName, location } = reference;
  return unloadable(`The external data of tensor "${tensorName}", ${JSON.stringify(location)}, ${why}.`, { cause });
}
