import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parentDeathCommand } from '../../src/adapters/onnx/spawner/parent-death-command.ts';

/** How long a process may take to end after SIGTERM. */
const GRACE_MS = 10_000;
const STDERR_KEPT = 4000;

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it wrote to stderr last. */
  readonly stderr: () => string;
  /** SIGTERM, and SIGKILL when that does not help. */
  readonly end: () => Promise<void>;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The program; by default the node that runs this. */
  readonly node?: string | undefined;
  /** Opens a channel for messages. */
  readonly hasChannel?: boolean;
}

/** Every process of a run, so that none outlives it. */
export class Children implements AsyncDisposable {
  readonly #running = new Set<Child>();
  readonly #prefix = parentDeathCommand();

  constructor() {
    // The last resort: an exit that waited for nobody. What not even this sees is left to the prefix.
    process.once('exit', () => {
      for (const child of this.#running) child.process.kill('SIGKILL');
    });
  }

  /** Starts node with `args`. Its stdout is a pipe that the caller reads. */
  start(args: readonly string[], { env = {}, hasChannel = false, node = process.execPath }: ChildOptions = {}): Child {
    const [command = node, ...rest] = [...this.#prefix, node, ...args];
    const started = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe', hasChannel ? 'ipc' : 'ignore'],
      // Without onnxruntime's telemetry, as EchoServe runs it.
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...env },
      // A session of its own, as a service manager gives one: where Linux shares the processor between sessions, a server
      // must not pay for what the load generator uses.
      detached: true,
    });
    if (started.pid === undefined) throw new Error(`${command} could not be started`);
    let stderr = '';
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    const child: Child = {
      process: started,
      pid: started.pid,
      stderr: () => stderr,
      end: () => endProcess(started),
    };
    this.#running.add(child);
    started.once('exit', () => this.#running.delete(child));
    return child;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.end()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.endAll();
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}
