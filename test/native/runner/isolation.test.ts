import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RunnerLost } from '../../../src/serving/ports/engine.ts';
import { crashesOnNegative, identity, slow } from '../../helpers/onnx/models.ts';
import { crashesOnMinusOne } from '../../helpers/onnx/poison.ts';
import { childrenOf, isAlive } from '../../helpers/processes.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeEach(() => {
  room = new EngineRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

const integers = (value: number) => ({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [value] }] });
const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });

/** Blocks this thread until a process that has got to work has ended, or got no further for a while. */
function blockUntilStill(pid: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const workedNs = () => Number(/^\d+/.exec(readFileSync(`/proc/${pid}/schedstat`, 'latin1'))?.[0]);
  const atFirst = workedNs();
  let last = -1;
  while (isAlive(pid) && (workedNs() === atFirst || workedNs() !== last)) {
    last = workedNs();
    Atomics.wait(cell, 0, 0, 500);
  }
}

describe('a runner that dies', () => {
  test('tells which of its requests had begun', async () => {
    const runner = await room.start(crashesOnMinusOne());
    expect(outputsOf(await room.run(runner, integers(2)))['y']?.datatype).toBe('INT64');
    const outcomes = await Promise.allSettled([room.run(runner, integers(-1)), room.run(runner, integers(3))]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { name: 'RunnerLost', began: true } });
    expect(await runner.exited).toMatchObject({ signal: 'SIGFPE', expected: false });
    await expect(room.run(runner, integers(2))).rejects.toMatchObject({ name: 'RunnerLost', began: false });
    expect(room.arena.usedBytes).toBe(0);
  });

  test.runIf(process.platform === 'linux')(
    'tells so also when the front is far behind with reading, and loses none of its answers',
    async () => {
      const runner = await room.start(crashesOnNegative(), { maxBatchSize: 100_000 });
      const values = Array.from({ length: 1500 }, (_, index) => index + 1000);
      const many = { inputs: [{ name: 'x', shape: [1500], datatype: 'INT64', data: values }] };
      // Long enough to travel by the arena, so that all requests have left before the first answer comes.
      const body = Buffer.from(JSON.stringify(many).padEnd(10_000));
      // In all more than the socket holds, each short enough to need no slot; and then what ends the process.
      const answered = Array.from({ length: 60 }, () => room.run(runner, body));
      const fatal = room.run(runner, integers(-1), { alone: true, priority: 500 });
      await new Promise(setImmediate);
      // The frames have left. This thread reads nothing until the runner has died, or waits to be read.
      blockUntilStill(runner.pid);
      await expect(fatal).rejects.toMatchObject({ name: 'RunnerLost', began: true });
      const outcomes = await Promise.allSettled(answered);
      expect(outcomes.map(({ status }) => status)).toEqual(Array(60).fill('fulfilled'));
    },
  );

  test('does not blame what it had only decoded', async () => {
    const runner = await room.start(crashesOnMinusOne());
    const decoded = room.run(runner, Buffer.from(JSON.stringify(integers(2)).padEnd(300_000)), { priority: 500 });
    const outcomes = await Promise.allSettled([decoded, room.run(runner, integers(-1), { alone: true })]);
    expect(outcomes).toMatchObject([{ reason: { began: false } }, { reason: { began: true } }]);
  });

  test('leaves waiting requests marked as not begun', async () => {
    const runner = await room.start(slow());
    const busy = room.run(
      runner,
      { inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [2000] }] },
      {
        alone: true,
        priority: 0,
      },
    );
    const outcomes = Promise.allSettled([busy, room.run(runner, integers(1))]);
    await vi.waitFor(() => expect(readFileSync(`/proc/${runner.pid}/status`, 'utf8')).toMatch(/State:\s+R/));
    process.kill(runner.pid, 'SIGSEGV');
    const [first, second] = await outcomes;
    expect(first?.status === 'rejected' && first.reason).toBeInstanceOf(RunnerLost);
    expect(second).toMatchObject({ reason: { began: false } });
    expect(await runner.exited).toMatchObject({ signal: 'SIGSEGV' });
  });

  test('does not disturb another', async () => {
    const [one, two] = await Promise.all([room.start(identity('INT64', [-1])), room.start(identity('INT64', [-1]))]);
    one.kill();
    await one.exited;
    expect(outputsOf(await room.run(two, integers(9)))['y']?.data).toEqual([9]);
  });

  test('can be stopped and still be ended', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    process.kill(runner.pid, 'SIGSTOP');
    const waiting = room.run(runner, integers(1));
    runner.kill();
    await expect(waiting).rejects.toMatchObject({ name: 'RunnerLost' });
    await gone(runner.pid);
  });
});

const descriptorsOf = (pid: number | string) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [[Number(fd), readlinkSync(`/proc/${pid}/fd/${fd}`)] as const];
    } catch {
      // The directory's own, closed by now.
      return [];
    }
  });

const CLOSE_ON_EXEC = 0o2000000;

/** Of this process. */
function isClosedOnExec(fd: number): boolean {
  try {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('the descriptors of a runner', () => {
  test('are its own: another runner has none of them, and the front has not its end of the control socket', async () => {
    const runners = await Promise.all([room.start(identity('INT64', [-1])), room.start(identity('INT64', [-1]))]);
    const [one, two] = runners.map(({ pid }) => new Map(descriptorsOf(pid)));
    // Control socket and answers, by their inodes.
    for (const fd of [3, 5]) {
      expect(one?.get(fd)).toMatch(fd === 3 ? /^socket:\[\d+\]$/ : /echoserve-/);
      expect([...(two?.values() ?? [])]).not.toContain(one?.get(fd));
      expect([...(one?.values() ?? [])]).not.toContain(two?.get(fd));
    }
    expect(one?.get(4)).toBe(two?.get(4));
    const ofFront = descriptorsOf('self').map(([, target]) => target);
    expect(ofFront).not.toContain(one?.get(3));
    expect(ofFront).not.toContain(two?.get(3));
  });

  test('are both arenas, and nothing else that the front has opened', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    // What is not closed at the start of a program was there before the front, and is open in whatever it starts.
    const opened = descriptorsOf('self').filter(([fd]) => isClosedOnExec(fd));
    const ofFront = new Set(opened.map(([, target]) => target).filter((target) => target !== '/dev/null'));
    expect(ofFront.size).toBeGreaterThan(5);
    const shared = descriptorsOf(runner.pid).filter(
      ([, target]) => /^(\/|socket:|pipe:)/.test(target) && ofFront.has(target),
    );
    expect(shared.map(([fd]) => fd).sort()).toEqual([4, 5]);
  });
});

describe('a runner process', () => {
  test.runIf(process.platform === 'linux')('gives way to the front, every thread of it', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    const niceness = readdirSync(`/proc/${runner.pid}/task`).map((task) => {
      const stat = readFileSync(`/proc/${runner.pid}/task/${task}/stat`, 'latin1');
      // Field 19; the name in parentheses may hold spaces.
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    });
    // Threads of node that start with it (signals, the platform's timer) are older than its main module, and idle.
    expect(niceness[0]).toBe(10);
    expect(niceness.filter((value) => value !== 10).length).toBeLessThanOrEqual(3);
    const group = `/proc/${runner.pid}/autogroup`;
    if (existsSync(group)) expect(readFileSync(group, 'utf8')).toMatch(/nice 10$/m);
  });

  test('knows nothing of the front’s environment', async () => {
    vi.stubEnv('ECHOSERVE_API_KEYS', 'top-secret');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'top-secret');
    const runner = await room.start(identity('INT64', [-1]));
    const names = readFileSync(`/proc/${runner.pid}/environ`, 'latin1')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    const allowed = [
      '',
      'MALLOC_ARENA_MAX',
      'MALLOC_TRIM_THRESHOLD_',
      'MALLOC_MMAP_THRESHOLD_',
      'ORT_DISABLE_TELEMETRY',
      'LD_LIBRARY_PATH',
      'TZ',
    ];
    expect(names.filter((name) => !allowed.includes(name ?? ''))).toEqual([]);
    vi.unstubAllEnvs();
  });

  test('reports to nobody, and leaves nothing in the home directory', async () => {
    vi.stubEnv('HOME', room.dir);
    const runner = await room.start(identity('INT64', [-1]));
    await room.run(runner, integers(1));
    expect(readFileSync(`/proc/${runner.pid}/environ`, 'latin1').split('\0')).toContain('ORT_DISABLE_TELEMETRY=1');
    expect(readdirSync(room.dir).filter((name) => name.startsWith('.'))).toEqual([]);
    vi.unstubAllEnvs();
  });

  test('is preferred by the kernel when memory runs out', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    expect(readFileSync(`/proc/${runner.pid}/oom_score_adj`, 'utf8').trim()).toBe('800');
  });

  test('can read request bodies and not write them', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    const flags = readFileSync(`/proc/${runner.pid}/fdinfo/4`, 'utf8');
    const access = Number.parseInt(/flags:\s+(\d+)/.exec(flags)?.[1] ?? '7', 8) & 3;
    expect(access).toBe(0);
  });

  test('reports a footprint and its start and end', async () => {
    const runner = await room.start(identity('INT64', [-1]));
    const footprint = await runner.footprint();
    expect(footprint?.pssBytes).toBeGreaterThan(5 << 20);
    expect(footprint?.peakBytes).toBeGreaterThanOrEqual(footprint?.pssBytes ?? Number.POSITIVE_INFINITY);
    await vi.waitFor(() => expect(room.started).toContain(runner.pid));
    await runner[Symbol.asyncDispose]();
    await runner[Symbol.asyncDispose]();
    expect(await runner.footprint()).toBeUndefined();
    expect(room.ended).toContain(runner.pid);
    expect(await runner.exited).toMatchObject({ expected: true });
    expect(isAlive(runner.pid)).toBe(false);
  });
});

/** A child is listed from its fork on, when its command line is still ours or that of the command before it. */
const runnersOf = (pid: number) => childrenOf(pid, '').filter(isAlive);

describe.skipIf(process.platform !== 'linux')('a file that can not be loaded', () => {
  test('is refused with the runtime’s reason, and no process is left', async () => {
    const model = join(room.dir, 'model.onnx');
    const { modelProto } = await import('../../../src/adapters/onnx/model-file/writer.ts');
    const value = { name: 'x', datatype: 'FP32', shape: [1] } as const;
    const node = { op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] };
    writeFileSync(model, modelProto({ graph: { nodes: [node], inputs: [value], outputs: [{ ...value, name: 'y' }] } }));
    await expect(room.start(model)).rejects.toMatchObject({
      code: 'model_unloadable',
      message: expect.stringContaining('NoSuchOperator'),
    });
    expect(runnersOf(process.pid)).toEqual([]);
  });

  test('a cancelled start ends its process', async () => {
    const spec = await room.spec(slow());
    const controller = new AbortController();
    const started = room.engine.start(spec, controller.signal);
    const pids = await vi.waitUntil(() => {
      const found = runnersOf(process.pid);
      return found.length > 0 && found;
    });
    controller.abort();
    await expect(started).rejects.toMatchObject({ code: 'request_cancelled' });
    expect(pids.filter(isAlive)).toEqual([]);
    expect(runnersOf(process.pid)).toEqual([]);
  });
});
