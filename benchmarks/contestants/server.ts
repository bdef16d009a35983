import { createInterface } from 'node:readline';
import type { BenchmarkModel } from '../models/benchmark-model.ts';
import type { Child, ChildOptions, Children } from './children.ts';

export type ServerName = 'echo' | 'naive' | 'EchoServe';

/** A server under measurement: a process of its own on a port of its own. */
export interface Server {
  readonly name: ServerName;
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  readonly load: (model: BenchmarkModel) => Promise<void>;
  readonly unload: (model: BenchmarkModel) => Promise<void>;
  /** What the server itself says of a loaded model's memory; undefined when it does not tell. */
  readonly memoryOf: (model: BenchmarkModel) => Promise<ReportedMemory | undefined>;
  readonly end: () => Promise<void>;
}

/** In bytes. */
export interface ReportedMemory {
  readonly weights: number;
  readonly estimate: number;
  readonly footprint: number;
  readonly peak: number;
  /** The process that has the model. */
  readonly pid: number;
}

const START_TIMEOUT_MS = 30_000;
const URL_IN_LINE = /http:\/\/127\.0\.0\.1:(\d+)/;

export interface StartedServer {
  readonly child: Child;
  readonly port: number;
}

/**
 * Starts node with `args` and waits for the line that says where it listens.
 * @throws Error with the end of its stderr when there is none
 */
export async function startServer(
  children: Children,
  args: readonly string[],
  options: Pick<ChildOptions, 'env' | 'node'> = {},
): Promise<StartedServer> {
  const child = children.start(args, options);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fail = (what: string): void => reject(new Error(`${args.join(' ')} ${what}: ${child.stderr()}`));
  const timer = setTimeout(() => fail('did not say where it listens'), START_TIMEOUT_MS);
  child.process.once('exit', () => fail('ended before it listened'));
  if (child.process.stdout !== null) {
    // Read on after the line: a full pipe would stop the server.
    createInterface(child.process.stdout).on('line', (line) => {
      const port = URL_IN_LINE.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  }
  try {
    return { child, port: await promise };
  } catch (error) {
    await child.end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A management call, outside what is measured.
 * @throws Error with the answer when it is no success
 */
export async function call(port: number, method: string, path: string, json?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text.slice(0, 500)}`);
  return text === '' ? undefined : JSON.parse(text);
}
