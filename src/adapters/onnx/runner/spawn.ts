import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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

/**
 * Official Linux builds of onnxruntime report model and file names, hashes and the machine to their maker by default, and
 * keep an id and a queue in the user's cache directory. This, before it starts, is the way to switch that off
 * (https://github.com/microsoft/onnxruntime/pull/27379).
 */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' };

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

/** Ample for a program that does nothing. */
const PROBE_TIMEOUT_MS = 5000;

/**
 * `setpriv --pdeathsig KILL`, where the system has it: the kernel then ends a process with this one even while it is
 * stopped or busy. Empty elsewhere: a runner then ends when it next reads its closed socket.
 */
export function parentDeathCommand(path: string | undefined = process.env['PATH']): readonly string[] {
  if (process.platform !== 'linux') return [];
  for (const dir of (path ?? '').split(delimiter)) {
    const file = join(dir, 'setpriv');
    const options = ['--pdeathsig', 'KILL', '--'];
    // Busybox and util-linux before 2.33 have a setpriv that knows no such option. It runs itself, being surely there.
    const probe = spawnSync(file, [...options, file, '--version'], { stdio: 'ignore', timeout: PROBE_TIMEOUT_MS });
    if (probe.status === 0) return [file, ...options];
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
  return { ...MALLOC_ENVIRONMENT, ...NO_TELEMETRY, ...Object.fromEntries(inherited) };
}
