import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const BUSY_SAMPLE_MS = 2000;

/** What a reader has to know to judge the figures, and to repeat them. */
export function circumstances(threads: number): Record<string, string> {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: `${availableParallelism()}, the load generator's included`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${type()} ${release()}, ${process.arch}`,
    versions: `Node ${process.versions.node}, onnxruntime-node ${version('onnxruntime-node')}, Fastify ${version('fastify')}`,
    'intra-op threads': String(threads),
  };
}

/** Share of the processors' time, 0 to 1, that others use. Call it before the measuring starts. */
export async function busyShare(): Promise<number> {
  const before = processorTimes();
  await delay(BUSY_SAMPLE_MS);
  const after = processorTimes();
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}

function processorTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}

/** Figures of files that no commit has are marked. */
function commit(): string {
  try {
    const hash = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--', 'src', 'benchmarks', 'package-lock.json') === ''
      ? hash
      : `${hash}, with uncommitted changes`;
  } catch {
    return 'unknown';
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function version(name: string): string {
  // Every package has a version.
  const manifest = JSON.parse(readFileSync(`${ROOT}node_modules/${name}/package.json`, 'utf8')) as { version: string };
  return manifest.version;
}
