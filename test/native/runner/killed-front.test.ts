import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { reapOrphans } from '../../../src/adapters/onnx/runner/orphans.ts';
import { parentDeathCommand } from '../../../src/adapters/onnx/spawner/parent-death-command.ts';
import { readStartTicks } from '../../../src/adapters/process-memory.ts';
import { slow } from '../../helpers/onnx/models.ts';
import { isAlive } from '../../helpers/processes.ts';
import { EngineRoom } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeEach(() => {
  room = new EngineRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });

describe('after kill -9 of the front', () => {
  test('an idle runner ends', async () => {
    const { kill, runnerPid } = await startFront();
    expect(isAlive(runnerPid)).toBe(true);
    kill();
    await gone(runnerPid);
  });

  test.skipIf(parentDeathCommand().length === 0)('a stopped runner ends', async () => {
    const { kill, runnerPid } = await startFront();
    process.kill(runnerPid, 'SIGSTOP');
    kill();
    await gone(runnerPid);
  });

  test('no file is left', async () => {
    const { kill, runnerPid } = await startFront();
    kill();
    await gone(runnerPid);
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith('echoserve-'))).toEqual([]);
  });
});

test('a runner that outlived its front is ended by its record, and a stranger with its pid is not', async () => {
  const orphan = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
  const pid = orphan.pid ?? 0;
  const startTicks = (await readStartTicks(pid)) ?? -1;
  expect(await reapOrphans([{ pid, startTicks: startTicks + 1 }])).toBe(0);
  expect(isAlive(pid)).toBe(true);
  expect(await reapOrphans([{ pid, startTicks }])).toBe(1);
  await gone(pid);
});

/** A front of its own, so that it can be killed: prints its runner's pid. */
async function startFront(): Promise<{ kill: () => void; runnerPid: number }> {
  const model = join(room.dir, 'front.onnx');
  writeFileSync(model, slow());
  const front = spawn(process.execPath, [resolve(import.meta.dirname, '../../helpers/runner/front.ts'), model], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: front.stdout })) {
    return { kill: () => front.kill('SIGKILL'), runnerPid: Number(line) };
  }
  throw new Error('the front ended before it had a runner');
}
