import { constants, copyFileSync, existsSync, linkSync, mkdirSync, realpathSync, renameSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import type { PreparedModel } from '../../../serving/ports/engine.ts';
import { modelDigest } from './digest.ts';
import type { ExternalFile } from './external-data.ts';
import { requireUnchanged } from './file-state.ts';
import { type Inspected, inspectFile } from './inspect-model.ts';
import { PositionalFile } from './positional-file.ts';
import { writeRewritten } from './rewrite.ts';
import { planMove, WEIGHTS_FILE, type WeightsMove, writeWeights } from './shared-weights.ts';
import { syncDirectory } from './splice.ts';
import { unloadable } from './unloadable.ts';

const MODEL_FILE = 'model.onnx';

/** Where `prepareModel` may write. */
export interface PrepareDirectories {
  /** Rewritten models: one directory each, named by the original's digest. */
  readonly rewriteDir: string;
  /** Empty, on the same file system, and the caller's to remove. */
  readonly scratchDir: string;
}

/** What is to be done beyond making the model servable. */
export interface PrepareTask {
  /** Its weights are to be where all processes that run it can map them. */
  readonly shareWeights: boolean;
}

/**
 * Inspects, hashes and where needed rewrites a model, in this process.
 * @throws AppError `model_unloadable` with the reason
 */
export function prepareModel(modelPath: string, directories: PrepareDirectories, task: PrepareTask): PreparedModel {
  using file = new PositionalFile(modelPath);
  const inspected = inspectFile(modelPath, file);
  const { inspection, externalFiles, structure } = inspected;
  const digest = modelDigest(file, externalFiles);
  const requireSame = () => {
    for (const source of [{ path: modelPath, state: file.state }, ...externalFiles]) requireUnchanged(source);
  };
  // Weights that are external already can be mapped from where they are.
  const move = task.shareWeights && externalFiles.length === 0 ? planMove(file, structure.graph) : NO_MOVE;
  const isMoved = move.copies.length > 0;
  const locations = isMoved ? [WEIGHTS_FILE] : externalFiles.map(({ location }) => location);
  const prepared = (path: string): PreparedModel => ({
    digest,
    path,
    inspection,
    ...(task.shareWeights ? { sharedFiles: mappedFiles(path, locations) } : {}),
  });
  if (inspected.zipped.length === 0 && !isMoved) {
    requireSame();
    return prepared(modelPath);
  }
  const name = freeName(externalFiles);
  const target = join(directories.rewriteDir, isMoved ? `${digest}-shared` : digest);
  const path = join(target, name);
  if (!existsSync(path)) {
    fill(directories.scratchDir, name, file, inspected, move);
    requireSame();
    publish(directories.scratchDir, target, path);
  }
  return prepared(path);
}

const NO_MOVE: WeightsMove = { copies: [], edits: [] };

/** As the system names them where it lists what a process maps. */
function mappedFiles(modelPath: string, locations: readonly string[]): string[] {
  return [...new Set(locations.map((location) => realpathSync(join(dirname(modelPath), location))))];
}

/** The rewritten model's file name: one that its external data does not use. */
function freeName(externalFiles: readonly ExternalFile[]): string {
  const taken = new Set(externalFiles.map(({ location }) => normalize(location).split(sep)[0]));
  let name = MODEL_FILE;
  while (taken.has(name)) name = `_${name}`;
  return name;
}

function fill(directory: string, name: string, file: PositionalFile, inspected: Inspected, move: WeightsMove): void {
  try {
    if (move.copies.length > 0) writeWeights(file, move, join(directory, WEIGHTS_FILE));
    writeRewritten(file, inspected, join(directory, name), move.edits);
    // Two spellings of a location are one place.
    const places = new Map(inspected.externalFiles.map(({ location, path }) => [join(directory, location), path]));
    for (const [place, path] of places) placeAt(place, path);
  } catch (error) {
    throw isSystemError(error) ? unwritable(error) : error;
  }
}

function unwritable(cause: Error): Error {
  return unloadable(`The model must be written anew to be served like this, and that failed: ${cause.message}.`, {
    cause,
    next: 'See that the data directory can be written and has room for a copy of the model, then load it again.',
  });
}

/** Either all of it is there or nothing. */
function publish(scratchDir: string, target: string, path: string): void {
  try {
    syncDirectory(scratchDir);
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
    if (!isSystemError(error) || !UNLINKABLE.has(error.code)) throw error;
    copyFileSync(path, place, constants.COPYFILE_EXCL);
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}
