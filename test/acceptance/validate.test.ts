import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Server } from '../helpers/acceptance/server.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

interface Ended {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'echoserve-validate-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function validate(args: readonly string[], temporary = temporaryDirectory()): Promise<Ended> {
  return new Promise((done) => {
    const env = { ...process.env, TMPDIR: temporary };
    execFile(process.execPath, [MAIN, 'validate', ...args], { env }, (error, out, err) => {
      done({ code: error?.code ?? 0, out, err });
    });
  });
}

describe('the validation', { timeout: 120_000 }, () => {
  test('passes on a server that it starts, with evidence for each check, and leaves nothing behind', async () => {
    const temporary = temporaryDirectory();
    const { code, out, err } = await validate([], temporary);
    expect({ code, err }, out).toEqual({ code: 0, err: '' });
    const [, all, passed] = /(\d+) checks: (\d+) passed, 0 failed, 0 skipped/.exec(out) ?? [];
    expect(passed).toBe(all);
    expect(out.match(/^ +✓ .{39}\S/gm)).toHaveLength(Number(all));
    expect(out).toMatch(/Every request was answered +([\d,]+) of \1 /);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('leaves a server that others use without its model in memory', async () => {
    const temporary = temporaryDirectory();
    await using server = await Server.start({ args: ['--allow-source-root', temporary] });
    const { code, out } = await validate(['--url', server.url], temporary);
    expect(code, out).toBe(0);
    // What a process of the server's own is needed for.
    expect(out).toContain('0 failed, 1 skipped');
    const { body } = await server.request<{ overview: unknown }>('/api/v1/model_serving/status');
    expect(body.overview).toMatchObject({ resident_models: 0, resident_versions: 0 });
  });

  test('skips, and counts, what it is not allowed to try', async () => {
    await using server = await Server.start();
    const { code, out } = await validate(['--url', server.url]);
    expect(code, out).toBe(0);
    expect(out).toMatch(/– A load makes a version ready +skipped: it may load no file/);
    expect(out).toMatch(/6 passed, 0 failed, \d+ skipped/);
  });

  test('fails where something else answers', async () => {
    const other = createServer((_request, response) => response.end('{"name": "other", "version": "1"}'));
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void other.close());
    // A server that listens on a port has an address with one.
    const { port } = other.address() as AddressInfo;
    const { code, out } = await validate(['--url', `http://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ An EchoServe answers +it is a server called "other"/);
    expect(out).toContain('0 passed, 2 failed');
  });

  test('fails where nothing answers, and where the key is wrong', async () => {
    await using server = await Server.start({ env: { ECHOSERVE_API_KEYS: 'a-long-enough-secret admin,infer' } });
    const wrong = await validate(['--url', server.url, '--key', 'another-long-enough-one']);
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain('was answered 401');
    const { url } = server;
    server.process.kill('SIGTERM');
    await server.exited;
    const { code, out } = await validate(['--url', url]);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ An EchoServe answers +GET \/v2:/);
  });
});
