import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTROL_FD } from './descriptors.ts';

/**
 * glibc keeps freed memory by default; these make it give large blocks back (a 100 MB model: 86 instead of 207–359 MB
 * after release, see docs/adr). They are read when a process starts, so only the front can set them.
 */
const MALLOC_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
};

/** What a runner may know of the front's environment: where libraries are, and nothing else. */
const INHERITED = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TZ'] as const;

const NODE_FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=0'];

/** The entry has this module's ending: `.ts` from source, `.js` when built. */
const ENTRY = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));

export interface SpawnedRunner {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly control: Socket;
}

/**
 * `setpriv --pdeathsig KILL`, where the system has it: the kernel then ends a runner with its front even while it is
 * stopped or busy. Elsewhere a runner ends when it next reads its closed socket.
 */
export function parentDeathCommand(path: string | undefined = process.env['PATH']): readonly string[] {
  if (process.platform !== 'linux') return [];
  for (const dir of (path ?? '').split(delimiter)) {
    const file = join(dir, 'setpriv');
    try {
      accessSync(file, constants.X_OK);
      return [file, '--pdeathsig', 'KILL', '--'];
    } catch {
      // Not in this directory.
    }
  }
  return [];
}

export function spawnRunner(requestArenaFd: number, responseArenaFd: number, prefix: readonly string[]): SpawnedRunner {
  const [command = process.execPath, ...args] = [...prefix, process.execPath, ...NODE_FLAGS, ENTRY];
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', requestArenaFd, responseArenaFd],
    env: runnerEnvironment(process.env),
    cwd: '/',
    // Its own group: Ctrl-C in a terminal reaches the front only, which then drains before it ends runners.
    detached: true,
  });
  const control = child.stdio[CONTROL_FD];
  if (child.pid === undefined || !(control instanceof Socket)) {
    // `error` carries the reason; without a listener it would end the front.
    child.on('error', () => {});
    throw new Error(`a runner could not be started by ${command}`);
  }
  return { child, pid: child.pid, control };
}

function runnerEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...MALLOC_ENVIRONMENT, ...Object.fromEntries(inherited) };
}
