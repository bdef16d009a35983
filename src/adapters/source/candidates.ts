import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogProblem, CatalogVersion } from '../../serving/ports/catalog.ts';
import { MAX_DEPTH, MODEL_FILE, readTree } from './model-tree.ts';

/** A directory of models. The repository also has lone files, the data directory has folders only. */
export interface CatalogRoot {
  readonly path: string;
  readonly origin: CatalogVersion['origin'];
}

/** A model file with the names that its place gives it, nothing checked yet. */
export interface Candidate {
  readonly modelId: string;
  readonly version: string;
  readonly modelPath: string;
  /** Folder of the version's own manifest and probes; a lone `<name>.onnx` has none. */
  readonly versionDir: string | undefined;
  readonly origin: CatalogVersion['origin'];
}

export interface Candidates {
  readonly found: readonly Candidate[];
  readonly problems: readonly CatalogProblem[];
}

const LONE_VERSION = '1';

/** Everything in a root that looks like a model. */
export async function allCandidates(
  root: CatalogRoot,
  realRoots: readonly string[],
  modelName: string | undefined,
): Promise<Candidates> {
  const tree = await readTree(root.path, realRoots, [], MAX_DEPTH);
  const found: Candidate[] = [];
  const problems = [...tree.problems];
  for (const segments of tree.folders) {
    const candidate = fromFolder(root, segments, modelName);
    if ('reason' in candidate) problems.push(candidate);
    else found.push(candidate);
  }
  if (root.origin === 'repository') found.push(...(await loneFiles(root)));
  return { found, problems };
}

/** The candidates of one model: only its own folder is read. */
export async function candidatesOf(
  root: CatalogRoot,
  realRoots: readonly string[],
  modelName: string | undefined,
  modelId: string,
): Promise<readonly Candidate[]> {
  const segments = modelId.split('/');
  if (segments.length >= MAX_DEPTH) return [];
  const tree = await readTree(root.path, realRoots, segments, segments.length + 1);
  const found: Candidate[] = tree.folders
    .filter((folder) => folder.length === segments.length + 1)
    .map((folder) => inFolder(root, folder));
  if (root.origin === 'data') return found;
  const lone = join(root.path, MODEL_FILE);
  if (modelId === modelName && (await exists(lone))) found.unshift(namedFile(root, modelName));
  const file = `${modelId}.onnx`;
  if (segments.length === 1 && file !== MODEL_FILE && (await exists(join(root.path, file)))) {
    found.push(loneFile(root, file));
  }
  return found;
}

function fromFolder(
  root: CatalogRoot,
  segments: readonly string[],
  modelName: string | undefined,
): Candidate | CatalogProblem {
  const path = join(root.path, ...segments, MODEL_FILE);
  if (segments.length >= 2) return inFolder(root, segments);
  if (segments.length === 1) {
    return { path, reason: `it is in no version folder: move it to ${join(root.path, ...segments, '1', MODEL_FILE)}` };
  }
  if (root.origin === 'repository' && modelName !== undefined) return namedFile(root, modelName);
  return { path, reason: 'it has no name: pass --model-name, or move it to <model>/<version>/model.onnx' };
}

function inFolder(root: CatalogRoot, segments: readonly string[]): Candidate {
  const versionDir = join(root.path, ...segments);
  return {
    modelId: segments.slice(0, -1).join('/'),
    version: segments.at(-1) ?? '',
    modelPath: join(versionDir, MODEL_FILE),
    versionDir,
    origin: root.origin,
  };
}

/** `DIR/model.onnx` under the name that the operator gave. */
function namedFile(root: CatalogRoot, modelName: string): Candidate {
  const modelPath = join(root.path, MODEL_FILE);
  return { modelId: modelName, version: LONE_VERSION, modelPath, versionDir: root.path, origin: root.origin };
}

/** `DIR/<name>.onnx`. */
function loneFile(root: CatalogRoot, file: string): Candidate {
  const modelId = file.slice(0, -'.onnx'.length);
  const modelPath = join(root.path, file);
  return { modelId, version: LONE_VERSION, modelPath, versionDir: undefined, origin: root.origin };
}

async function loneFiles(root: CatalogRoot): Promise<readonly Candidate[]> {
  // A root that can not be read is a problem that the walk has listed.
  const names = await readdir(root.path).catch(() => []);
  return names
    .filter((name) => name.endsWith('.onnx') && !name.startsWith('.') && name !== MODEL_FILE)
    .sort()
    .map((name) => loneFile(root, name));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
