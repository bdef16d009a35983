import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** Ample for a program that does nothing. */
const PROBE_TIMEOUT_MS = 5000;

/**
 * `setpriv --pdeathsig KILL`, where the system has it: the kernel then ends a process with this one even while it is
 * stopped or busy, to be exact with the thread that started it. Empty elsewhere: a runner then ends when it next reads
 * its closed socket.
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
