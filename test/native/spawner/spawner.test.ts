import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/adapters/clock.ts';
import type { Program } from '../../../src/adapters/onnx/spawner/messages.ts';
import { parentDeathCommand } from '../../../src/adapters/onnx/spawner/parent-death-command.ts';
import { Spawner } from '../../../src/adapters/onnx/spawner/spawner.ts';
import { Supervisor } from '../../../src/serving/running/supervisor.ts';
import { ThreadShares } from '../../../src/serving/running/thread-shares.ts';
import { identity } from '../../helpers/onnx/models.ts';
import { isAlive } from '../../helpers/processes.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';
import { silentLogger } from '../../helpers/serving/serving.ts';

/** Every way to start a process without waiting for its end comes by here, which the types do not tell. */
const forks = ChildProcess.prototype as unknown as { spawn(): number };

const FOREVER = 'setInterval(() => {}, 1000)';

/** Node, running this. */
function script(code: string, fields: Partial<Program> = {}): Program {
  return {
    command: [process.execPath, '-e', code],
    env: {},
    cwd: undefined,
    stdout: 'pipe',
    descriptors: [],
    ...fields,
  };
}

/** Runs `open`, and gives what it gives with the thread that it started. */
async function withThread<T>(open: () => T): Promise<{ opened: T; thread: Worker }> {
  const started: Promise<Worker[]> = once(process, 'worker');
  const opened = open();
  const [thread] = await started;
  if (thread === undefined) throw new Error('no thread was started');
  return { opened, thread };
}

async function openSpawner(onLost: (reason: string) => void = () => {}) {
  const { opened: spawner, thread } = await withThread(() => new Spawner(onLost));
  onTestFinished(() => spawner[Symbol.asyncDispose]());
  return { spawner, thread };
}

async function openRoom() {
  const { opened: room, thread } = await withThread(() => new EngineRoom());
  onTestFinished(() => room[Symbol.asyncDispose]());
  return { room, thread };
}

const integers = (value: number) => ({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [value] }] });

test('the main thread starts no process: neither to prepare a model nor to run it', async () => {
  const { room } = await openRoom();
  const forked = vi.spyOn(forks, 'spawn').mockImplementation(() => {
    throw new Error('the main thread forks');
  });
  onTestFinished(() => forked.mockRestore());
  expect(() => spawn('true')).toThrow('the main thread forks');
  const runner = await room.start(identity('INT64', [-1]));
  expect(outputsOf(await room.run(runner, integers(4)))['y']?.data).toEqual([4]);
  if (process.platform !== 'linux') return;
  // The kernel lists children by the thread that forked; the main thread has the process's number.
  expect(readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1')).not.toContain(String(runner.pid));
});

describe('a process of the spawner', () => {
  test('tells its output, its last words and how it ended', async () => {
    const { spawner } = await openSpawner();
    const child = await spawner.start(
      script("process.stdout.write('é' + process.env.A + process.cwd()); console.error('why'); process.exitCode = 3", {
        env: { A: 'given' },
        cwd: '/',
      }),
    );
    expect(await child.closed).toEqual({ code: 3, signal: null, stdout: 'égiven/', stderrTail: 'why' });
  });

  test('can be killed, also when it has ended', async () => {
    const { spawner } = await openSpawner();
    const child = await spawner.start(script(FOREVER));
    expect(isAlive(child.pid)).toBe(true);
    child.kill();
    expect(await child.closed).toMatchObject({ code: null, signal: 'SIGKILL' });
    child.kill();
    expect(isAlive(child.pid)).toBe(false);
  });

  test.each([
    ['start', (spawner: Spawner, program: Program) => spawner.start(program)],
    ['startConnected', (spawner: Spawner, program: Program) => spawner.startConnected(program)],
  ])('that can not be started is told with the reason (%s), and the next one starts', async (_, start) => {
    const { spawner } = await openSpawner();
    await expect(start(spawner, script('', { command: ['/no/such/program'] }))).rejects.toThrow(
      '/no/such/program could not be started: spawn /no/such/program ENOENT',
    );
    await expect(start(spawner, script('', { cwd: '/no/such/directory' }))).rejects.toThrow(/ENOENT/);
    await expect(start(spawner, script('', { descriptors: [1_000_000] }))).rejects.toThrow(/EBADF/);
    expect(await (await spawner.start(script(''))).closed).toMatchObject({ code: 0 });
  });

  test('has a control socket that closes with it, and whose close it sees', async () => {
    const { spawner } = await openSpawner();
    const echo = 'const s = new (require("net").Socket)({ fd: 3 }); s.pipe(s); s.on("close", () => process.exit(7))';
    const { child, control } = await spawner.startConnected(script(echo));
    control.write('to and fro');
    expect(String(await once(control, 'data'))).toBe('to and fro');
    control.destroy();
    expect(await child.closed).toMatchObject({ code: 7 });
  });

  test('has not closed before what it sent has been read, which may be after its end', async () => {
    const { spawner } = await openSpawner();
    const { child, control, closed } = await spawner.startConnected(script('fs.writeSync(3, "last words")'));
    await child.closed;
    const order: string[] = [];
    void closed.then(() => order.push('closed'));
    await pause(50);
    control.on('data', (chunk) => order.push(String(chunk)));
    await closed;
    expect(order).toEqual(['last words', 'closed']);
  });
});

describe('the end of the spawner', () => {
  test('is the end of its processes, also of one that is about to start; nothing starts any more', async () => {
    const { spawner } = await openSpawner();
    const one = await spawner.start(script(FOREVER));
    const two = spawner.start(script(FOREVER));
    const three = spawner.startConnected(script(FOREVER)).catch((error: unknown) => error);
    await Promise.all([spawner[Symbol.asyncDispose](), spawner[Symbol.asyncDispose]()]);
    for (const child of [one, await two]) {
      expect(await child.closed).toMatchObject({ signal: 'SIGKILL' });
      expect(isAlive(child.pid)).toBe(false);
    }
    expect(await three).toMatchObject({ message: 'no more processes are started' });
    await expect(spawner.start(script(''))).rejects.toThrow('no more processes are started');
  });

  test('is not needed for the process to end: it waits for its children, and not for the thread', async () => {
    const code = `
      const { Spawner } = await import(${JSON.stringify(new URL('../../../src/adapters/onnx/spawner/spawner.ts', import.meta.url).href)});
      const spawner = new Spawner(() => {});
      const program = { env: {}, cwd: undefined, stdout: 'pipe', descriptors: [] };
      const child = await spawner.start({ ...program, command: [process.execPath, '-e', 'setTimeout(() => {}, 100)'] });
      void child.closed.then(({ code }) => console.log('ended', code));
    `;
    const front = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [out, [exitCode]] = await Promise.all([text(front.stdout), once(front, 'close')]);
    expect([out, exitCode]).toEqual(['ended 0\n', 0]);
  });
});

describe('when the spawner’s thread is lost', () => {
  test('its processes end and tell so, and the next one is started by a fresh thread', async () => {
    const onLost = vi.fn();
    const { spawner, thread } = await openSpawner(onLost);
    const child = await spawner.start(script(FOREVER));
    const connected = await spawner.startConnected(script(FOREVER));
    connected.control.resume();
    const lost = expect.stringMatching(/the thread that starts processes ended/);
    await thread.terminate();
    expect(await child.closed).toMatchObject({ signal: 'SIGKILL', stderrTail: lost });
    expect(await connected.closed).toMatchObject({ signal: 'SIGKILL', stderrTail: lost });
    await vi.waitFor(() => expect([child.pid, connected.child.pid].filter(isAlive)).toEqual([]));
    expect(onLost.mock.calls).toEqual([[lost]]);
    expect(await (await spawner.start(script('console.log(1)'))).closed).toMatchObject({ code: 0, stdout: '1\n' });
  });

  test('what was about to start is refused', async () => {
    const { spawner, thread } = await openSpawner();
    const refused = expect(spawner.start(script(FOREVER))).rejects.toThrow(/the thread that starts processes ended/);
    await Promise.all([thread.terminate(), refused]);
  });

  test.skipIf(parentDeathCommand().length === 0)('the kernel ends a stopped process with it', async () => {
    const { spawner, thread } = await openSpawner();
    const { command, ...rest } = script(FOREVER);
    const child = await spawner.start({ ...rest, command: [...parentDeathCommand(), ...command] });
    // Not before the command that asks for it has made room for node.
    await vi.waitFor(() =>
      expect(readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith(process.execPath)).toBe(true),
    );
    process.kill(child.pid, 'SIGSTOP');
    const killed = vi.spyOn(process, 'kill').mockReturnValue(true);
    onTestFinished(() => killed.mockRestore());
    await thread.terminate();
    await vi.waitFor(() => expect(isAlive(child.pid)).toBe(false));
  });

  test('models are started again as after a crash, and no request is lost', async () => {
    const { room, thread } = await openRoom();
    const spec = await room.spec(identity('INT64', [-1]));
    const never = new AbortController().signal;
    const [onLost, onFresh] = [vi.fn(), vi.fn()];
    const threads = new ThreadShares({ count: 2, intraOpThreads: undefined }).take('iris', 1, 1);
    const supervisor = new Supervisor(
      { engine: room.engine, clock: systemClock, logger: silentLogger, hangLimitMs: 60_000 },
      { spec, threads, startLimitMs: 30_000, maxQueueLength: 100, onLost, onFresh, onFailed: () => {} },
      [await room.engine.start(spec, never)],
    );
    onTestFinished(() => supervisor.stop());
    const first = supervisor.runner?.pid;
    const answers: Promise<unknown>[] = [];
    for (let value = 0; value < 40; value += 1) {
      if (value === 5) void thread.terminate();
      answers.push(room.run(supervisor, integers(value)).then((reply) => outputsOf(reply)['y']?.data));
      await pause(5);
    }
    expect(await Promise.all(answers)).toEqual(answers.map((_, value) => [value]));
    expect(onLost).toHaveBeenCalledOnce();
    expect(onFresh).toHaveBeenCalledOnce();
    expect(supervisor.runner?.pid).not.toBe(first);
  });
});
