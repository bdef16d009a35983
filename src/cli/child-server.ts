import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SERVER_NODE_FLAGS } from './server-node-flags.ts';

/** Both have this module's ending: `.ts` from source, `.js` when built. */
const MAIN = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url));
/** The model repository of the examples. */
export const EXAMPLES = fileURLToPath(new URL('../../examples/models', import.meta.url));

/** How long it may take to end when asked to, before it is made to. */
const STOP_MS = 10_000;

export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Directories {
  /** Of models. */
  readonly repository: string;
  readonly dataDir: string;
  /** That requests may name sources in, the repository unless given. */
  readonly sourceRoot?: string;
}

/** The real server, as a process of its own, on a port that the system picks. */
export class ChildServer implements AsyncDisposable {
  readonly url: string;
  /** The line that it printed when it was ready. */
  readonly greeting: string;
  readonly startMs: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<ServerEnd>;
  readonly #lastWords: () => string;

  private constructor(child: ChildProcess, ended: Promise<ServerEnd>, started: Started) {
    this.#child = child;
    this.#ended = ended;
    this.#lastWords = started.lastWords;
    this.url = started.url;
    this.greeting = started.greeting;
    this.startMs = started.ms;
  }

  /** @throws Error with its last words when it ends instead of listening */
  static async start(directories: Directories, signal: AbortSignal): Promise<ChildServer> {
    const beganAt = performance.now();
    const child = spawn(process.execPath, [...SERVER_NODE_FLAGS, MAIN, ...argumentsFor(directories)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: plainEnvironment(),
      // Its own group: Ctrl-C reaches its starter alone, which then ends the server in order.
      detached: true,
    });
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    const ended = new Promise<ServerEnd>((done) => {
      child.once('error', () => done({ code: null, signal: null }));
      child.once('close', (code, killedBy) => done({ code, signal: killedBy }));
    });
    void ended.then(() => process.off('exit', endWithUs));
    try {
      const lastWords = collectLastWords(child);
      const { url, greeting } = await listening(child, ended, { signal, lastWords });
      return new ChildServer(child, ended, { url, greeting, lastWords, ms: performance.now() - beganAt });
    } catch (error) {
      await end(child, ended);
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** What it logged last. */
  get log(): string {
    return this.#lastWords();
  }

  /** `SIGTERM`, and what became of it. */
  stop(): Promise<ServerEnd> {
    return end(this.#child, this.#ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Started {
  readonly url: string;
  readonly greeting: string;
  readonly ms: number;
  readonly lastWords: () => string;
}

function argumentsFor({ repository, dataDir, sourceRoot = repository }: Directories): readonly string[] {
  const options = {
    port: '0',
    'model-repository': repository,
    'data-dir': dataDir,
    'allow-source-root': sourceRoot,
    'log-level': 'warn',
  };
  // Nobody balances load in front of this one, and its one client knows when it ends: nobody has to be waited for.
  return [
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    '--drain-notice',
    '0s',
    '--grace-period',
    '5s',
  ];
}

/** Settings that are meant for another server must not change this one. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ECHOSERVE_')));
}

async function end(child: ChildProcess, ended: Promise<ServerEnd>): Promise<ServerEnd> {
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  try {
    return await ended;
  } finally {
    clearTimeout(impatience);
  }
}

function collectLastWords(child: ChildProcess): () => string {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(-2000);
  });
  return () => words.trimEnd();
}

function listening(
  child: ChildProcess,
  ended: Promise<ServerEnd>,
  { signal, lastWords }: { readonly signal: AbortSignal; readonly lastWords: () => string },
): Promise<{ readonly url: string; readonly greeting: string }> {
  return new Promise((done, fail) => {
    let out = '';
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (signal.aborted) fail(signal.reason);
    child.once('error', fail);
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out = (out + chunk).slice(0, 4000);
      const url = /listens on (http:\/\/\S+?):? /.exec(out)?.[1];
      if (url !== undefined && out.endsWith('\n')) done({ url, greeting: out.trimEnd() });
    });
    void ended.then(({ code, signal: by }) => {
      fail(new Error(`the server ended (${by ?? `exit code ${code}`}) before it listened.\n${lastWords()}`.trimEnd()));
    });
  });
}
