import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVER_NODE_FLAGS } from '../../src/cli/server-node-flags.ts';
import type { BenchContext } from '../context.ts';
import { readReportedMemory } from './reported-memory.ts';
import { call, type Server, type ServerName, startServer } from './server.ts';

const ECHO_ENTRY = fileURLToPath(new URL('./echo-server.ts', import.meta.url));
const NAIVE_ENTRY = fileURLToPath(new URL('./naive-server.ts', import.meta.url));

/** Bodies of some megabytes die young: with the default of 16 MB the naive server spends a quarter more on JSON of 3 MB. */
const NAIVE_NODE_FLAG = '--max-semi-space-size=64';

export interface StartOptions {
  /** Flags of node before the entry: the preload of the loop delay section. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The node to run it with; by default the one that runs this. */
  readonly node?: string | undefined;
  /** Further options of EchoServe's command line. */
  readonly serverArgs?: readonly string[];
}

type Start = (context: BenchContext, options: StartOptions) => Promise<Server>;

const STARTS: Readonly<Record<ServerName, Start>> = {
  echo: startEcho,
  naive: startNaive,
  EchoServe: startEchoServe,
};

export function startByName(context: BenchContext, name: ServerName, options: StartOptions = {}): Promise<Server> {
  return STARTS[name](context, options);
}

async function startEcho(context: BenchContext, { nodeArgs = [], env = {}, node }: StartOptions): Promise<Server> {
  const { child, port } = await startServer(context.children, [...nodeArgs, ECHO_ENTRY], { env, node });
  const nothing = async (): Promise<void> => {};
  return {
    name: 'echo',
    port,
    pid: child.pid,
    load: nothing,
    unload: nothing,
    memoryOf: tellsNothing,
    end: child.end,
  };
}

async function startNaive(context: BenchContext, { nodeArgs = [], env = {}, node }: StartOptions): Promise<Server> {
  const { child, port } = await startServer(
    context.children,
    [NAIVE_NODE_FLAG, ...nodeArgs, NAIVE_ENTRY, context.repository, String(context.threads)],
    { env, node },
  );
  return {
    name: 'naive',
    port,
    pid: child.pid,
    load: async ({ id }) => void (await call(port, 'POST', `/models/${id}/load`)),
    unload: async ({ id }) => void (await call(port, 'POST', `/models/${id}/unload`)),
    memoryOf: tellsNothing,
    end: child.end,
  };
}

async function tellsNothing(): Promise<undefined> {}

async function startEchoServe(
  context: BenchContext,
  { nodeArgs = [], env = {}, node, serverArgs = [] }: StartOptions,
): Promise<Server> {
  if (!existsSync(context.serverEntry)) {
    throw new Error(`${context.serverEntry} is not there: run \`npm run build\` first`);
  }
  const dataDir = mkdtempSync(join(context.scratch, 'data-'));
  const flags = ['--port', '0', '--model-repository', context.repository, '--data-dir', dataDir, '--log-level', 'warn'];
  const { child, port } = await startServer(
    context.children,
    [...SERVER_NODE_FLAGS, ...nodeArgs, context.serverEntry, ...flags, ...serverArgs],
    { env, node },
  );
  const management = '/api/v1/model_serving';
  return {
    name: 'EchoServe',
    port,
    pid: child.pid,
    load: async ({ id }) => void (await call(port, 'POST', `${management}/load`, { model_id: id })),
    unload: async ({ id }) => void (await call(port, 'DELETE', `${management}/models/${id}`)),
    memoryOf: ({ id }) => readReportedMemory(port, id),
    end: child.end,
  };
}
