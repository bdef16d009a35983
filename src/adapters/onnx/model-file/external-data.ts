import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { SourceFile } from './file-state.ts';
import type { ExternalReference } from './stored-tensor.ts';
import { unloadable } from './unloadable.ts';

/** A file with weights beside the model; its path is where it really is. */
export interface ExternalFile extends SourceFile {
  /** As the model names it, relative to its directory. */
  readonly location: string;
  readonly bytes: number;
}

/**
 * The files that hold a model's external data, sorted by location. Each must lie in the model's own directory once
 * symbolic links are followed: a model from anywhere must not be able to read another file of this machine.
 * @throws AppError `model_unloadable` naming the tensor and the location
 */
export function resolveExternalFiles(modelPath: string, references: readonly ExternalReference[]): ExternalFile[] {
  if (references.length === 0) return [];
  const model = realpathSync(modelPath);
  const directory = realpathSync(dirname(modelPath));
  const files = new Map<string, ExternalFile>();
  for (const reference of references) {
    const file = files.get(reference.location) ?? resolveFile(directory, reference);
    if (file.path === model) throw refusal(reference, 'is the model file itself');
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
  // Such bytes have become this character here; onnxruntime would open the file that the bytes name.
  if (location.includes('\uFFFD')) throw refusal(reference, 'is not UTF-8');
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
  const stat = statSync(path, { bigint: true });
  if (!stat.isFile()) throw refusal(reference, 'is not a regular file');
  return { location, path, bytes: Number(stat.size), state: stat };
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
