import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PreparedModel } from '../../../serving/ports/engine.ts';
import { modelDigest } from './digest.ts';
import type { ExternalFile } from './external-data.ts';
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
export async function prepareModel(modelPath: string, directories: PrepareDirectories): Promise<PreparedModel> {
  using file = new PositionalFile(modelPath);
  const inspected = inspectFile(modelPath, file);
  const digest = await modelDigest(modelPath, inspected.externalFiles);
  const path = inspected.zipped.length === 0 ? modelPath : storeRewritten(file, inspected, digest, directories);
  return { digest, path, inspection: inspected.inspection };
}

/** Fills the scratch directory and renames it: either all of it is there or nothing. Gives the model's path. */
function storeRewritten(
  file: PositionalFile,
  inspected: Inspected,
  digest: string,
  { rewriteDir, scratchDir }: PrepareDirectories,
): string {
  const target = join(rewriteDir, digest);
  const path = join(target, MODEL_FILE);
  if (existsSync(path)) return path;
  writeRewritten(file, inspected, join(scratchDir, MODEL_FILE));
  for (const external of inspected.externalFiles) placeBeside(external, scratchDir);
  try {
    renameSync(scratchDir, target);
  } catch (error) {
    // Another load of the same file may have been quicker.
    if (!existsSync(path)) throw error;
  }
  return path;
}

/** A link that the file system can not tell from the file: onnxruntime refuses symbolic ones that lead outside. */
function placeBeside(external: ExternalFile, directory: string): void {
  const place = join(directory, external.location);
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(external.path, place);
  } catch {
    // Another file system, or a file of somebody else's.
    copyFileSync(external.path, place);
  }
}
