import { fileURLToPath } from 'node:url';
import type { Program } from '../spawner/messages.ts';
import { ALONE_ON_ITS_THREAD } from '../spawner/node-flags.ts';

/**
 * glibc keeps freed memory by default; these make it give large blocks back (a 100 MB model: 86 instead of 207–359 MB
 * after release, see docs/adr). They are read when a process starts, so only the front can set them.
 */
const MALLOC_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/**
 * Official Linux builds of onnxruntime report model and file names, hashes and the machine to their maker by default, and
 * keep an id and a queue in the user's cache directory. This, before it starts, is the way to switch that off
 * (https://github.com/microsoft/onnxruntime/pull/27379).
 */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' };

/** What a runner may know of the front's environment: where libraries are, and nothing else. */
const INHERITED = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TZ'] as const;

const NODE_FLAGS = ['--max-semi-space-size=1', ...ALONE_ON_ITS_THREAD];

/** The entry has this module's ending: `.ts` from source, `.js` when built. */
const ENTRY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));

/** A runner, to be started with a control socket: the descriptors then have the numbers of `descriptors.ts`. */
export function runnerProgram(requestArenaFd: number, responseArenaFd: number, prefix: readonly string[]): Program {
  return {
    command: [...prefix, process.execPath, ...NODE_FLAGS, ENTRY],
    env: runnerEnvironment(process.env),
    cwd: '/',
    stdout: 'ignore',
    descriptors: [requestArenaFd, responseArenaFd],
  };
}

function runnerEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...MALLOC_ENVIRONMENT, ...NO_TELEMETRY, ...Object.fromEntries(inherited) };
}
