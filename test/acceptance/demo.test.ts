import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../helpers/acceptance/server.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

interface Demo {
  readonly child: ChildProcess;
  /** A place for temporary files that only this demo uses. */
  readonly temporary: string;
  readonly out: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

function demo(env: Record<string, string> = {}): Demo {
  const temporary = mkdtempSync(join(tmpdir(), 'echoserve-demo-test-'));
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }));
  const child = spawn(process.execPath, [MAIN, 'demo', '--short'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutColourSettings(process.env), TMPDIR: temporary, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) => {
    child.once('close', (code) => done({ code, out, err }));
  });
  return { child, temporary, out: () => out, ended };
}

function withoutColourSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/COLOR/.test(name)));
}

/** Resolves with the first match in what the demo has printed so far. */
function printed({ child, out, ended }: Demo, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((done, fail) => {
    const look = () => {
      const match = pattern.exec(out());
      if (match !== null) done(match);
    };
    child.stdout?.on('data', look);
    look();
    void ended.then((end) => fail(new Error(`${pattern} was not printed: ${JSON.stringify(end)}`)));
  });
}

describe('the demo', { timeout: 120_000 }, () => {
  test('shows every part and ends with 0, having left nothing behind', async () => {
    const running = demo();
    const { code, out, err } = await running.ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/state +ready/);
    expect(out).toMatch(/memory +\d+\.\d MB, measured/);
    for (const species of ['setosa', 'versicolor', 'virginica']) expect(out).toMatch(new RegExp(`${species} +\\d`));
    expect(out).toContain('read as     a 7');
    expect(out).toMatch(/My parcel was sent to the wrong address! +delivery/);
    expect(out).toContain('400 Invalid tensor');
    expect(out).toMatch(/restarts +0 → 1/);
    expect(out).toMatch(/lost +0 requests/);
    expect(out).toContain('256 of 256');
    expect(out).toMatch(/outcome +completed/);
    for (const percent of [5, 15, 30, 50, 75, 90, 100]) expect(out).toMatch(new RegExp(`^ +${percent} % .*✓$`, 'm'));
    expect(out).toMatch(/outcome +rolled_back: evidence_/);
    expect(out).toMatch(/^ +\d+ % .*✗ back to 0 %$/m);
    const [, failed] = /it failed +(\d+) of the/.exec(out) ?? [];
    expect(Number(failed)).toBeGreaterThan(0);
    expect(out).toMatch(/errors +0 that a client saw/);
    expect(out).toMatch(new RegExp(`bad answers +${failed}, each covered`));
    expect(out).toMatch(/models +\d+\.\d MB → 0\.0 MB/);
    expect(out).toMatch(/exit code +0/);
    const processes = [...out.matchAll(/(\d+) has ended|kill -TERM (\d+)|process +(\d+)$/gm)];
    expect(processes.length).toBeGreaterThanOrEqual(5);
    for (const [, ...pids] of processes) expect(isAlive(Number(pids.find(Boolean)))).toBe(false);
    expect(readdirSync(running.temporary)).toEqual([]);
    // No terminal: no colours, and nothing drawn in place.
    expect(stripVTControlCharacters(out)).toBe(out);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('has colours where they are asked for, and is not changed by settings for another server', async () => {
    const { code, out, err } = await demo({
      FORCE_COLOR: '1',
      ECHOSERVE_PRELOAD: 'no-such-model',
      ECHOSERVE_API_KEYS: 'a-key-of-another-server infer,admin,metrics',
    }).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(stripVTControlCharacters(out)).not.toBe(out);
    expect(
      stripVTControlCharacters(out)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('cleans up on %s', async (signal, exitCode) => {
    const running = demo();
    const [, model] = await printed(running, /process +(\d+)\n/);
    running.child.kill(signal);
    const { code, out } = await running.ended;
    expect(code).toBe(exitCode);
    expect(out).not.toContain('That was all');
    expect(isAlive(Number(model))).toBe(false);
    expect(readdirSync(running.temporary)).toEqual([]);
  });

  test('ends when nobody reads what it prints', async () => {
    const running = demo();
    const [, model] = await printed(running, /process +(\d+)\n/);
    running.child.stdout?.destroy();
    const { code } = await running.ended;
    expect(code).toBe(1);
    expect(isAlive(Number(model))).toBe(false);
    expect(readdirSync(running.temporary)).toEqual([]);
  });

  test('says what failed and ends with 1 when the server can not start', async () => {
    const { code, err } = await demo({ TMPDIR: '/no/such/directory' }).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^\nThe demo failed: .*\/no\/such\/directory/);
  });

  test('names the step that failed when the server goes away under it', async () => {
    const running = demo();
    const [, model] = await printed(running, /process +(\d+)\n/);
    process.kill(parentOf(Number(model)), 'SIGKILL');
    const { code, err } = await running.ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^\nThe demo failed: step \d+, "[^"]+": /);
    expect(readdirSync(running.temporary)).toEqual([]);
  });
});

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
