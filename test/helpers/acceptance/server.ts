import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../../dist/main.js');

export interface ServerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Keeps an earlier server's directories: a restart. */
  readonly home?: Home;
}

/** Directories of a server: a model repository and a data directory, gone at the end of the test. */
export class Home implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'echoserve-home-'));
  readonly repository = join(this.dir, 'models');
  readonly data = join(this.dir, 'data');

  constructor() {
    mkdirSync(this.repository);
  }

  /** Puts a model file into the repository. */
  add(modelId: string, model: Uint8Array | string, version = '1'): string {
    return this.write(join('models', modelId, version, 'model.onnx'), model);
  }

  write(path: string, content: Uint8Array | string): string {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  remove(path: string): void {
    rmSync(join(this.dir, path), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** The real server, as a process, spoken to over HTTP only. */
export class Server implements AsyncDisposable {
  readonly home: Home;
  readonly url: string;
  /** The line that it printed when it was ready, and the lines after. */
  readonly greeting: string;
  readonly process: ChildProcess;
  readonly exited: Promise<number | string | null>;
  readonly #ownsHome: boolean;
  readonly #log: () => string;

  private constructor(process: ChildProcess, started: Started, home: Home, ownsHome: boolean) {
    this.process = process;
    this.exited = started.exited;
    this.url = started.url;
    this.greeting = started.greeting;
    this.home = home;
    this.#ownsHome = ownsHome;
    this.#log = started.log;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const home = options.home ?? new Home();
    const args = [
      '--port',
      '0',
      '--model-repository',
      home.repository,
      '--data-dir',
      home.data,
      ...(options.args ?? []),
    ];
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    return new Server(child, await greeting(child), home, options.home === undefined);
  }

  /** What it wrote to stderr so far. */
  get log(): string {
    return this.#log();
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  async request<T = unknown>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    // The caller names the shape that it then asserts on.
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  post<T = unknown>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.request<T>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  load(modelId: string, more: Record<string, unknown> = {}): Promise<Answer<Record<string, unknown>>> {
    return this.post('/api/v1/model_serving/load', { model_id: modelId, ...more });
  }

  infer(modelId: string, inputs: unknown, headers: Record<string, string> = {}): Promise<Answer<InferAnswer>> {
    return this.post(`/v2/models/${modelId}/infer`, { inputs }, headers);
  }

  /** Processes that it has started and that are alive. */
  children(): number[] {
    return childrenOf(this.pid);
  }

  /** Ends it by a signal and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    if (this.#ownsHome) this.home[Symbol.dispose]();
  }
}

export interface InferAnswer {
  readonly model_version: string;
  readonly error?: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: number[];
    readonly data: unknown[];
  }[];
}

interface Started {
  readonly url: string;
  readonly greeting: string;
  readonly exited: Promise<number | string | null>;
  readonly log: () => string;
}

/** Waits for the line that says where it listens. */
function greeting(child: ChildProcess): Promise<Started> {
  let [out, log] = ['', ''];
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  const exited = new Promise<number | string | null>((done) => {
    child.once('close', (code, signal) => done(signal ?? code));
  });
  return new Promise((done, fail) => {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      const url = /listens on (http:\/\/\S+?):? /.exec(out)?.[1];
      if (url !== undefined && out.endsWith('\n')) done({ url, greeting: out, exited, log: () => log });
    });
    void exited.then((end) => fail(new Error(`the server ended (${end}) before it listened: ${out}${log}`)));
  });
}

/** Runs the command line to its end. */
export function runMain(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    child.once('close', (code) => done({ code, out, err }));
  });
}

export function isAlive(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, 'utf8'));
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        const stat = readFileSync(`/proc/${candidate}/stat`, 'latin1');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(parent) === pid && state !== 'Z';
      } catch {
        return false;
      }
    });
}
