import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { EMPTY_MANIFEST, type ModelManifest, mergeManifests } from '../../core/model/manifest.ts';
import { parseModelId } from '../../core/model/model-id.ts';
import { parseVersion } from '../../core/model/version.ts';
import type { CatalogProblem, CatalogVersion } from '../../serving/ports/catalog.ts';
import type { Candidate } from './candidates.ts';
import { confine, reasonOf } from './confine.ts';
import { MANIFEST_FILE, ManifestError, readManifest } from './manifest-file.ts';
import { readSourceNote } from './source-note.ts';

export type Described =
  | { readonly ok: true; readonly version: CatalogVersion }
  | { readonly ok: false; readonly problem: CatalogProblem };

/**
 * Checks the names, the file and the manifests of a candidate.
 * @param modelDirs folders that may have the model's manifest and probes, the one that counts first
 */
export async function describeVersion(
  candidate: Candidate,
  modelDirs: readonly string[],
  realRoots: readonly string[],
): Promise<Described> {
  const { modelPath, origin, versionDir } = candidate;
  const fault = await fileFault(modelPath, realRoots);
  if (fault !== undefined) return problem(modelPath, fault);
  try {
    const modelId = parseModelId(candidate.modelId);
    const version = parseVersion(candidate.version);
    const manifest = await mergedManifest(modelDirs, versionDir, realRoots);
    const probesDir = await firstProbes([...(versionDir === undefined ? [] : [versionDir]), ...modelDirs], realRoots);
    const wasBrought = origin === 'data' && versionDir !== undefined;
    const source = wasBrought ? await readSourceNote(versionDir) : undefined;
    return { ok: true, version: { modelId, version, modelPath, manifest, probesDir, origin, source } };
  } catch (error) {
    if (error instanceof AppError) return problem(modelPath, error.message);
    if (error instanceof ManifestProblem) return problem(error.path, error.message);
    throw error;
  }
}

function problem(path: string, reason: string): Described {
  return { ok: false, problem: { path, reason } };
}

async function fileFault(path: string, realRoots: readonly string[]): Promise<string | undefined> {
  const confined = await confine(path, realRoots);
  if (!confined.ok) return confined.reason;
  try {
    return (await stat(confined.realPath)).isFile() ? undefined : 'it is no regular file';
  } catch (error) {
    return reasonOf(error);
  }
}

class ManifestProblem extends Error {
  readonly path: string;
  constructor(path: string, reason: string) {
    super(`the manifest can not be used: ${reason}`);
    this.path = path;
  }
}

async function mergedManifest(
  modelDirs: readonly string[],
  versionDir: string | undefined,
  realRoots: readonly string[],
): Promise<ModelManifest> {
  let ofModel = EMPTY_MANIFEST;
  for (const dir of modelDirs) {
    ofModel = await manifestIn(dir, realRoots);
    if (ofModel !== EMPTY_MANIFEST) break;
  }
  return versionDir === undefined ? ofModel : mergeManifests(ofModel, await manifestIn(versionDir, realRoots));
}

async function manifestIn(dir: string, realRoots: readonly string[]): Promise<ModelManifest> {
  try {
    return await readManifest(dir, realRoots);
  } catch (error) {
    if (error instanceof ManifestError) throw new ManifestProblem(join(dir, MANIFEST_FILE), error.message);
    throw error;
  }
}

async function firstProbes(dirs: readonly string[], realRoots: readonly string[]): Promise<string | undefined> {
  for (const dir of dirs) {
    const probes = join(dir, 'probes');
    const confined = await confine(probes, realRoots);
    if (confined.ok && (await stat(confined.realPath)).isDirectory()) return probes;
  }
  return undefined;
}
