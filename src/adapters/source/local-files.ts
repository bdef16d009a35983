import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../core/errors.ts';
import type { FetchProgress } from '../../serving/ports/catalog.ts';
import { confine, isWithin, reasonOf } from './confine.ts';
import { MODEL_FILE } from './model-tree.ts';

/** Folders of external data below a model; deeper ones are not part of it. */
const MAX_FOLDERS = 4;

export interface LocalFile {
  /** With every symbolic link resolved. */
  readonly from: string;
  /** Relative to the version's folder. */
  readonly to: string;
  readonly bytes: number;
}

/**
 * The files of a local source: a .onnx file alone, or a folder with model.onnx and all that is beside it.
 * @throws AppError `forbidden` outside the roots, `invalid_request` for what is no model
 */
export async function localFiles(source: string, allowedRoots: readonly string[]): Promise<readonly LocalFile[]> {
  const { path, realRoots } = await resolveSource(source, allowedRoots);
  const stats = await stat(path);
  if (stats.isFile() && path.endsWith('.onnx')) return [{ from: path, to: MODEL_FILE, bytes: stats.size }];
  if (!stats.isDirectory()) throw notModel(source, 'it is neither a .onnx file nor a folder with one');
  const files = await filesIn(source, path, '', realRoots, MAX_FOLDERS);
  if (!files.some((file) => file.to === MODEL_FILE)) throw notModel(source, `it has no ${MODEL_FILE}`);
  return files;
}

/** A relative path counts from the first root. What is outside the roots is refused before the disk is asked. */
async function resolveSource(source: string, allowedRoots: readonly string[]) {
  const [first] = allowedRoots;
  if (first === undefined) throw outside(source);
  const path = resolve(first, source);
  const realRoots = await Promise.all(allowedRoots.map((root) => realpath(root).catch(() => resolve(root))));
  const roots = [...allowedRoots.map((root) => resolve(root)), ...realRoots];
  if (source.includes('\0') || !roots.some((root) => isWithin(root, path))) throw outside(source);
  const confined = await confine(path, realRoots);
  if (confined.ok) return { path: confined.realPath, realRoots };
  throw confined.missing ? notModel(source, confined.reason) : outside(source);
}

async function filesIn(
  source: string,
  dir: string,
  below: string,
  realRoots: readonly string[],
  folders: number,
): Promise<readonly LocalFile[]> {
  const files: LocalFile[] = [];
  for (const name of (await readdir(dir)).sort()) {
    if (name.startsWith('.')) continue;
    const to = join(below, name);
    const confined = await confine(join(dir, name), realRoots);
    if (!confined.ok) throw notModel(source, `${to} can not be used: ${confined.reason}`);
    const stats = await stat(confined.realPath);
    if (stats.isFile()) files.push({ from: confined.realPath, to, bytes: stats.size });
    else if (stats.isDirectory() && folders > 0) {
      files.push(...(await filesIn(source, confined.realPath, to, realRoots, folders - 1)));
    }
  }
  return files;
}

function outside(source: string): AppError {
  return new AppError(
    'forbidden',
    `The source ${JSON.stringify(source)} is outside the directories that are allowed.`,
    {
      next: 'Use a path below the model repository, or have an operator allow its directory with --allow-source-root.',
    },
  );
}

function notModel(source: string, reason: string): AppError {
  return new AppError('invalid_request', `The source ${JSON.stringify(source)} can not be loaded: ${reason}.`, {
    next: `Name a .onnx file, or a folder with ${MODEL_FILE} and its external data files.`,
  });
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FetchProgress) => void;
}

/** Copies into a folder, durably. Where the file system can share blocks the copy costs no space. */
export async function copyFiles(files: readonly LocalFile[], folder: string, options: CopyOptions): Promise<void> {
  const bytesTotal = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesDone = 0;
  const advance = (bytes: number) => {
    bytesDone += bytes;
    options.onProgress({ bytesDone, bytesTotal });
  };
  advance(0);
  for (const file of files) {
    options.signal.throwIfAborted();
    const to = join(folder, file.to);
    await mkdir(dirname(to), { recursive: true });
    if (await cloneFile(file.from, to)) advance(file.bytes);
    else await streamFile(file.from, to, options.signal, advance);
  }
}

async function cloneFile(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch {
    // Most file systems can not; whatever else is wrong, the plain copy meets it again and reports it.
    return false;
  }
  const handle = await open(to, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  return true;
}

async function streamFile(
  from: string,
  to: string,
  signal: AbortSignal,
  advance: (bytes: number) => void,
): Promise<void> {
  // The path was resolved: a link in its place now was put there since. Nor may a pipe hold up the opening.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(from, flags).catch((error: unknown) => {
    throw notModel(from, reasonOf(error));
  });
  const meter = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      yield chunk;
      advance(chunk.length);
    }
  };
  const input = createReadStream(from, { fd: handle, highWaterMark: 1024 * 1024 });
  await pipeline(input, meter, createWriteStream(to, { flush: true }), { signal });
}
