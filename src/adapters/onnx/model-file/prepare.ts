import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../core/errors.ts';
import type { PreparedModel } from '../../../serving/ports/engine.ts';
import type { PrepareResult } from './prepare-result.ts';
import { unloadable } from './unloadable.ts';

export interface PrepareOptions {
  /** Where rewritten models go. */
  readonly rewriteDir: string;
  /** Put before the command: what makes the process end with this one (`parentDeathCommand`). */
  readonly prefix: readonly string[];
  readonly signal: AbortSignal;
  /** Whether its weights are to be where all processes that run it can map them. */
  readonly shareWeights?: boolean;
}

/** Directories of preparations that are under way, in `rewriteDir`. */
const SCRATCH_PREFIX = '.preparing-';

/** Ample for a description of the largest graphs; a hostile file ends the process here, and not the server. */
const MAX_HEAP_MB = 512;
const STDERR_TAIL = 2000;

/** `.ts` beside the sources, `.js` in the build. */
const ENTRY = fileURLToPath(new URL(`./prepare-main${extname(import.meta.url)}`, import.meta.url));

/**
 * Inspects, hashes and where needed rewrites a model file in a process of its own, which ends with it.
 * @throws AppError `model_unloadable` with the reason; the signal's reason when it is aborted
 */
export async function prepare(modelPath: string, options: PrepareOptions): Promise<PreparedModel> {
  const { rewriteDir, prefix, signal, shareWeights = false } = options;
  await mkdir(rewriteDir, { recursive: true });
  // Made and removed on this side: the process may be killed in the middle of writing.
  const scratchDir = await mkdtemp(join(rewriteDir, SCRATCH_PREFIX));
  try {
    const command = [...prefix, process.execPath, `--max-old-space-size=${MAX_HEAP_MB}`, ENTRY];
    const task = [modelPath, rewriteDir, scratchDir, ...(shareWeights ? ['share'] : [])];
    return await prepareInChild([...command, ...task], signal);
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

async function prepareInChild(command: readonly string[], signal: AbortSignal): Promise<PreparedModel> {
  signal.throwIfAborted();
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own, so that its hashing is not counted as the front's use of the processor.
    detached: true,
    // Nothing of the server's environment is needed, and some of it may be secret.
    env: {},
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killer) => resolve(killer ?? `exit code ${code}`));
    });
    const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    signal.throwIfAborted();
    return unwrap(stdout, stderr, exit);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function unwrap(stdout: string, stderr: string, exit: string): PreparedModel {
  if (exit !== 'exit code 0' || stdout === '') {
    throw unloadable(`Reading the model file ended its process (${exit}).`, {
      details: { exit, stderr: stderr.slice(-STDERR_TAIL) },
    });
  }
  // Our own program wrote it, from a value of this type.
  const result = JSON.parse(stdout) as PrepareResult;
  if (result.ok) return result.prepared;
  const { code, message, next, details } = result;
  throw new AppError(code, message, next === undefined ? { details } : { details, next });
}
