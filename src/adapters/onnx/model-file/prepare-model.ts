import { constants, copyFileSync, existsSync, linkSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import type { PreparedModel } from '../../../serving/ports/engine.ts';
import { modelDigest } from './digest.ts';
import type { ExternalFile } from './external-data.ts';
import { requireUnchanged } from './file-state.ts';
import { type Inspected, inspectFile } from './inspect-model.ts';
import { PositionalFile } from './positional-file.ts';
import { writeRewritten } from './rewrite.ts';

const MODEL_FILE = 'model.onnx';

/** Where `prepareModel` may write. */
export interface PrepareDirectories {
  /** Rewritten models: one directory each, named by the original's digest. */
  readonly rewriteDir: string;
  /** Empty, on the same file system, and the caller's to remove. */
  readonly scratchDir: string;
}

/**
 * Inspects, hashes and where needed rewrites a model, in this process.
 * @throws AppError `model_unloadable` with the reason
 */
export function prepareModel(modelPath: string, directories: PrepareDirectories): PreparedModel {
  using file = new PositionalFile(modelPath);
  const inspected = inspectFile(modelPath, file);
  const { inspection, externalFiles } = inspected;
  const digest = modelDigest(file, externalFiles);
  const requireSame = () => {
    for (const source of [{ path: modelPath, state: file.state }, ...externalFiles]) requireUnchanged(source);
  };
  if (inspected.zipped.length === 0) {
    requireSame();
    return { digest, path: modelPath, inspection };
  }
  const name = freeName(externalFiles);
  const target = join(directories.rewriteDir, digest);
  const path = join(target, name);
  if (!existsSync(path)) {
    fill(directories.scratchDir, name, file, inspected);
    requireSame();
    publish(directories.scratchDir, target, path);
  }
  return { digest, path, inspection };
}

/** The rewritten model's file name: one that its external data does not use. */
function freeName(externalFiles: readonly ExternalFile[]): string {
  const taken = new Set(externalFiles.map(({ location }) => normalize(location).split(sep)[0]));
  let name = MODEL_FILE;
  while (taken.has(name)) name = `_${name}`;
  return name;
}

function fill(directory: string, name: string, file: PositionalFile, inspected: Inspected): void {
  writeRewritten(file, inspected, join(directory, name));
  // Two spellings of a location are one place.
  const places = new Map(inspected.externalFiles.map(({ location, path }) => [join(directory, location), path]));
  for (const [place, path] of places) placeAt(place, path);
}

/** Either all of it is there or nothing. */
function publish(scratchDir: string, target: string, path: string): void {
  try {
    renameSync(scratchDir, target);
  } catch (error) {
    // Another load of the same file may have been quicker.
    if (!existsSync(path)) throw error;
  }
}

/** Another file system; a file of somebody else's; one with as many names as it can have. */
const UNLINKABLE = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK']);

/** A link that the file system can not tell from the file: onnxruntime refuses symbolic ones that lead outside. */
function placeAt(place: string, path: string): void {
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(path, place);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && UNLINKABLE.has(String(error.code)))) throw error;
    copyFileSync(path, place, constants.COPYFILE_EXCL);
  }
}
