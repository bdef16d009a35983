import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../context.ts';
import type { Server, ServerName } from './server.ts';
import { startByName } from './start-servers.ts';

const PRELOAD = new URL('./loop-delay-preload.ts', import.meta.url).href;
const ANSWER_TIMEOUT_MS = 10_000;

/** Delays of an event loop, in milliseconds from tick to tick of a 1 ms timer. */
export interface LoopDelay {
  readonly maxMs: number;
  readonly p99Ms: number;
  readonly p50Ms: number;
}

export interface WatchedServer {
  readonly server: Server;
  /** The figures since the last call; the first call gives those since the start. */
  readonly readLoopDelay: () => Promise<LoopDelay>;
}

/** Starts a server whose main thread's event loop is watched from inside by a preloaded module. */
export async function startWatched(context: BenchContext, name: ServerName): Promise<WatchedServer> {
  const file = join(context.scratch, `loop-delay-${name}.json`);
  const server = await startByName(context, name, {
    nodeArgs: ['--import', PRELOAD],
    env: { BENCH_LOOP_DELAY_FILE: file },
  });
  return { server, readLoopDelay: () => ask(server.pid, file) };
}

async function ask(pid: number, file: string): Promise<LoopDelay> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGWINCH');
  const giveUpAtMs = performance.now() + ANSWER_TIMEOUT_MS;
  while (performance.now() < giveUpAtMs) {
    await delay(5);
    try {
      // The preload wrote it, and put it in place whole.
      return JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;
    } catch {
      // Not there yet.
    }
  }
  throw new Error('the server did not report the delays of its event loop');
}
