import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../core/errors.ts';
import type { PreparedModel } from '../../../serving/ports/engine.ts';
import type { ChildEnd } from '../spawner/messages.ts';
import { ALONE_ON_ITS_THREAD } from '../spawner/node-flags.ts';
import type { Spawner } from '../spawner/spawner.ts';
import type { PrepareResult } from './prepare-result.ts';
import { unloadable } from './unloadable.ts';

export interface PrepareOptions {
  /** Where rewritten models go. */
  readonly rewriteDir: string;
  /** Put before the command: what makes the process end with this one (`parentDeathCommand`). */
  readonly prefix: readonly string[];
  readonly spawner: Spawner;
  readonly signal: AbortSignal;
  /** Whether its weights are to be where all processes that run it can map them. */
  readonly shareWeights?: boolean;
}

/** Directories of preparations that are under way, in `rewriteDir`. */
const SCRATCH_PREFIX = '.preparing-';

/** Ample for a description of the largest graphs; a hostile file ends the process here, and not the server. */
const MAX_HEAP_MB = 512;

const NODE_FLAGS = [`--max-old-space-size=${MAX_HEAP_MB}`, ...ALONE_ON_ITS_THREAD];

/** `.ts` beside the sources, `.js` in the build. */
const ENTRY = fileURLToPath(new URL(`./prepare-main${extname(import.meta.url)}`, import.meta.url));

/**
 * Inspects, hashes and where needed rewrites a model file in a process of its own, which ends with it.
 * @throws AppError `model_unloadable` with the reason; the signal's reason when it is aborted
 */
export async function prepare(modelPath: string, options: PrepareOptions): Promise<PreparedModel> {
  const { rewriteDir, prefix, spawner, signal, shareWeights = false } = options;
  await mkdir(rewriteDir, { recursive: true });
  // Made and removed on this side: the process may be killed in the middle of writing.
  const scratchDir = await mkdtemp(join(rewriteDir, SCRATCH_PREFIX));
  try {
    const command = [...prefix, process.execPath, ...NODE_FLAGS, ENTRY];
    const task = [modelPath, rewriteDir, scratchDir, ...(shareWeights ? ['share'] : [])];
    return unwrap(await runToEnd(spawner, [...command, ...task], signal));
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

/** Removes what preparations left that ended with their server. None may be under way. */
export async function removeAbandoned(rewriteDir: string): Promise<void> {
  await mkdir(rewriteDir, { recursive: true });
  for (const name of await readdir(rewriteDir)) {
    if (name.startsWith(SCRATCH_PREFIX)) await rm(join(rewriteDir, name), { recursive: true, force: true });
  }
}

async function runToEnd(spawner: Spawner, command: readonly string[], signal: AbortSignal): Promise<ChildEnd> {
  signal.throwIfAborted();
  // Nothing of the server's environment is needed, and some of it may be secret.
  const child = await spawner.start({ command, env: {}, cwd: undefined, stdout: 'pipe', descriptors: [] });
  const kill = () => child.kill();
  signal.addEventListener('abort', kill);
  try {
    // Meanwhile, with nobody to hear of it.
    if (signal.aborted) kill();
    const end = await child.closed;
    signal.throwIfAborted();
    return end;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function unwrap({ code: exitCode, signal, stdout, stderrTail }: ChildEnd): PreparedModel {
  if (exitCode !== 0 || stdout === '') {
    const exit = signal ?? `exit code ${exitCode}`;
    throw unloadable(`Reading the model file ended its process (${exit}).`, { details: { exit, stderr: stderrTail } });
  }
  // Our own program wrote it, from a value of this type.
  const result = JSON.parse(stdout) as PrepareResult;
  if (result.ok) return result.prepared;
  const { code, message, next, details } = result;
  throw new AppError(code, message, next === undefined ? { details } : { details, next });
}
