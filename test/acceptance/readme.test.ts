import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const HANDBOOK = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const DOCUMENTED_URL = 'http://127.0.0.1:8080';

const run = promisify(execFile);

interface Block {
  readonly role: string;
  readonly text: string;
}

/** Fenced blocks after `<!-- run:… -->` or `<!-- answer -->`, in order. */
function markedBlocks(): readonly Block[] {
  return [...README.matchAll(/<!-- (run:\w+|answer) -->\n```(?:sh|json)\n([\s\S]*?)```/g)].map(
    ([, role = '', text = '']) => ({ role, text }),
  );
}

function theBlock(role: string): string {
  const [block, ...more] = markedBlocks().filter((each) => each.role === role);
  if (block === undefined || more.length > 0) throw new Error(`the README must have one block ${role}`);
  return block.text;
}

/** Members that the README shows must be there, numbers up to the digits that it gives. */
function expectShown(actual: unknown, shown: unknown, path = 'answer'): void {
  if (typeof shown === 'number') expect(actual, path).toBeCloseTo(shown, 4);
  else if (typeof shown !== 'object' || shown === null) expect(actual, path).toEqual(shown);
  else {
    expect(actual, path).toBeTypeOf('object');
    for (const [key, value] of Object.entries(shown)) {
      expectShown(Object(actual)[key], value, `${path}.${key}`);
    }
  }
}

/** In a process group of its own, as npm, a shell and the server are three processes. */
class ReadmeServer implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(command: string, dataDir: string): Promise<ReadmeServer> {
    const child = spawn('sh', ['-ec', command], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ECHOSERVE_PORT: '0', ECHOSERVE_DATA_DIR: dataDir, ECHOSERVE_LOG_LEVEL: 'warn' },
      detached: true,
    });
    const url = await new Promise<string>((done, fail) => {
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk;
        const found = /listens on (http:\/\/\S+?):? /.exec(out)?.[1];
        if (found !== undefined) done(found);
      });
      child.once('close', () => fail(new Error(`the server ended: ${out}`)));
    });
    return new ReadmeServer(child, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((done) => this.#child.once('close', done));
    process.kill(-(this.#child.pid ?? 0), 'SIGTERM');
    await closed;
  }
}

describe('the README', () => {
  test('has the demo as its first command, and that runs', { timeout: 120_000 }, async () => {
    const [install, ...commands] = theBlock('run:demo').trim().split('\n');
    // It ran before this test could: doing it again would take the modules away under everything else.
    expect(install).toBe('npm ci');
    const { stdout } = await run('sh', ['-ec', commands.join('\n')], { cwd: ROOT });
    expect(stdout).toContain('That was all');
  });

  test('names only files that there are', () => {
    for (const [file, text] of [
      ['README.md', README],
      ['docs/operations.md', HANDBOOK],
      ['docs/architecture.md', readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')],
      ['docs/updates.md', readFileSync(join(ROOT, 'docs/updates.md'), 'utf8')],
    ] as const) {
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
      expect(links.length).toBeGreaterThan(0);
      for (const link of links) expect(existsSync(resolve(ROOT, file, '..', link)), `${file}: ${link}`).toBe(true);
    }
  });
});

// A skipped test is counted and seen; a machine without curl is no fault of the README.
describe.skipIf(spawnSync('curl', ['--version']).status !== 0)('the quickstart', () => {
  let server: ReadmeServer;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'echoserve-readme-'));
    server = await ReadmeServer.start(theBlock('run:server'), dataDir);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('works command by command, and gives the answers that it shows', async () => {
    let out = '';
    for (const { role, text } of markedBlocks()) {
      if (role === 'answer') expectShown(JSON.parse(out), JSON.parse(text));
      if (role !== 'run:client') continue;
      expect(text).toContain(DOCUMENTED_URL);
      const command = text
        .replaceAll(DOCUMENTED_URL, server.url)
        .replaceAll('curl ', 'curl --silent --show-error --fail ');
      out = (await run('sh', ['-ec', command], { cwd: ROOT })).stdout;
      expect(out).not.toBe('');
    }
    const models = await (await fetch(`${server.url}/api/v1/model_serving/models`)).json();
    expect(JSON.stringify(models)).toContain('"model_id":"iris"');
  });

  test('serves the metrics that the handbook names, and no other ones of its own', async () => {
    const body = JSON.stringify({ inputs: [{ name: 'text', datatype: 'BYTES', shape: [1], data: ['hello'] }] });
    const answer = await fetch(`${server.url}/v2/models/tickets/infer`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    const exposition = await (await fetch(`${server.url}/metrics`)).text();
    const served = [...exposition.matchAll(/^# TYPE (echoserve_\w+)/gm)].map(([, name]) => name);
    const table = HANDBOOK.slice(HANDBOOK.indexOf('| metric |'), HANDBOOK.indexOf("prom-client's"));
    const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(
      ([, cell = '']) => cell.match(/echoserve_\w+/g) ?? [],
    );
    expect(documented.toSorted()).toEqual(served.toSorted());
  });
});
