import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readDescendants, readPss } from '../../measure/process-tree.ts';

const INTERVAL_MS = 50;

/** Sum of the proportional set sizes of the runners of the server `root`: what its budget is for. */
export async function readRunners(root: number, proc = '/proc'): Promise<number> {
  const sizes = await Promise.all(
    (await readDescendants(root, proc)).map(async (pid) => {
      const command = await readFile(join(proc, String(pid), 'cmdline'), 'latin1').catch(() => '');
      return command.includes('/runner/main.js') ? ((await readPss(pid, proc)) ?? 0) : 0;
    }),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Reads the runners' memory every 50 ms until it is ended. */
export class PssWatch {
  mostBytes = 0;
  readings = 0;
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;

  constructor(root: number) {
    this.#done = this.#watch(root);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#done;
  }

  async #watch(root: number): Promise<void> {
    while (!this.#ending.signal.aborted) {
      this.mostBytes = Math.max(this.mostBytes, await readRunners(root));
      this.readings += 1;
      await delay(INTERVAL_MS);
    }
  }
}
