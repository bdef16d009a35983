import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogProblem } from '../../serving/ports/catalog.ts';
import { confine, reasonOf } from './confine.ts';

export const MODEL_FILE = 'model.onnx';

/** Folders of a model id and its version. Deeper ones are somebody else's files. */
export const MAX_DEPTH = 16;

export interface TreeReading {
  /** Folders that have a model.onnx, as path segments below the root. */
  readonly folders: (readonly string[])[];
  readonly problems: CatalogProblem[];
}

interface Walk {
  readonly root: string;
  readonly realRoots: readonly string[];
  readonly maxDepth: number;
  readonly reading: TreeReading;
}

/**
 * Finds the folders with a model.onnx at `start` and up to `maxDepth` levels below the root. Hidden entries are skipped.
 * A folder that is not there is not a problem; one that can not be read is.
 */
export async function readTree(
  root: string,
  realRoots: readonly string[],
  start: readonly string[],
  maxDepth: number,
): Promise<TreeReading> {
  const reading: TreeReading = { folders: [], problems: [] };
  await visit({ root, realRoots, maxDepth, reading }, start, []);
  return reading;
}

/** @param above the resolved folders on the way here: a link to one of them would never end */
async function visit(walk: Walk, segments: readonly string[], above: readonly string[]): Promise<void> {
  const path = join(walk.root, ...segments);
  const confined = await confine(path, walk.realRoots);
  if (!confined.ok) {
    if (!confined.missing) walk.reading.problems.push({ path, reason: confined.reason });
    return;
  }
  if (above.includes(confined.realPath)) {
    walk.reading.problems.push({ path, reason: 'it is a symbolic link to a folder that it is in' });
    return;
  }
  const entries = await readEntries(path, walk.reading.problems);
  if (entries.some((entry) => entry.name === MODEL_FILE)) walk.reading.folders.push(segments);
  for (const entry of entries) {
    if (!(await isFolder(entry, path, walk.reading.problems))) continue;
    if (segments.length >= walk.maxDepth) {
      walk.reading.problems.push({ path: join(path, entry.name), reason: 'it is nested too deeply to be a model' });
      continue;
    }
    await visit(walk, [...segments, entry.name], [...above, confined.realPath]);
  }
}

/** Entries in a fixed order, hidden ones left out. */
async function readEntries(path: string, problems: CatalogProblem[]): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    problems.push({ path, reason: reasonOf(error) });
    return [];
  }
}

async function isFolder(entry: Dirent, parent: string, problems: CatalogProblem[]): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const path = join(parent, entry.name);
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    problems.push({ path, reason: `it is a symbolic link, and ${reasonOf(error)}` });
    return false;
  }
}
