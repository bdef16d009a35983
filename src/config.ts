import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { type ApiKey, ApiKeysError, parseApiKeys, refuseTwins } from './cli/api-keys.ts';
import { type DemoOptions, readDemoOptions, readValidateOptions, type ValidateOptions } from './cli/command-options.ts';
import { ConfigError, nearest } from './cli/config-error.ts';
import type { LOG_LEVELS, ModelReference, OptionValues } from './cli/config-options.ts';
import { COMMANDS, type CommandName } from './cli/help.ts';
import { type CommandLine, type Environment, readCommandLine, readOptions } from './cli/read-options.ts';
import type { ModelId } from './core/model/model-id.ts';

/** What `serve` runs with. Frozen through and through; paths are absolute. */
export interface ServeConfig {
  readonly command: 'serve';
  readonly server: {
    readonly host: string;
    /** 0: the system picks a free one. */
    readonly port: number;
    /** Only this machine can reach it. */
    readonly isLoopback: boolean;
    /** `Host` names that are answered besides the loopback ones. */
    readonly allowedHosts: readonly string[];
    readonly maxBodyBytes: number;
    /** The header that names a request's routing key, in lower case. */
    readonly routingKeyHeader: string;
  };
  readonly auth: {
    readonly mode: 'none' | 'keys';
    /** Empty when the mode is `none`. */
    readonly keys: readonly ApiKey[];
  };
  readonly models: {
    readonly repositoryDir: string | undefined;
    readonly dataDir: string;
    readonly modelName: ModelId | undefined;
    readonly preload: readonly ModelReference[];
    readonly required: readonly ModelId[];
    readonly loadOnDemand: boolean;
    /** Of each process of a model that says nothing else. Undefined: chosen. */
    readonly intraOpThreads: number | undefined;
  };
  readonly memory: {
    /** Bytes or a share; what it comes to depends on the machine. */
    readonly budget: string;
    readonly waitMs: number;
  };
  readonly updates: {
    /** Of requests that are kept to try new versions on. */
    readonly recordedRequestBytes: number;
  };
  readonly sources: {
    readonly allowedRoots: readonly string[];
    readonly allowedUrls: readonly string[];
  };
  readonly limits: {
    readonly defaultTimeoutMs: number;
    readonly hangLimitMs: number;
    readonly loadTimeoutMs: number;
    readonly drainTimeoutMs: number;
    readonly drainNoticeMs: number;
    readonly gracePeriodMs: number;
  };
  readonly arena: {
    /** Undefined: where the system has its shared memory. */
    readonly dir: string | undefined;
    readonly allowDisk: boolean;
    readonly maxBytes: number;
  };
  readonly log: { readonly level: (typeof LOG_LEVELS)[number] };
}

export type Config = ServeConfig | DemoOptions | ValidateOptions | { readonly command: 'help' | 'version' };

/**
 * Reads the command line (without node and the script) and the environment.
 * @param readText reads the file of API keys
 * @throws ConfigError with every fault found
 */
export function parseConfig(
  argv: readonly string[],
  env: Environment,
  readText: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Config {
  const line = readCommandLine(argv);
  if (line.wantsHelp) return Object.freeze({ command: 'help' });
  if (line.wantsVersion) return Object.freeze({ command: 'version' });
  // These have servers of their own, whatever the environment is set up for, and options of their own.
  const [command, ...rest] = argv;
  if (command === 'demo') return Object.freeze(readDemoOptions(rest));
  if (command === 'validate') return Object.freeze(readValidateOptions(rest, env));
  if (line.faults.length > 0) throw new ConfigError(line.faults);
  const name = commandOf(line);
  if (name !== 'serve') throw new ConfigError([`${name} must be the first argument.`]);
  const values = readOptions(line.given, env);
  return deepFreeze(assemble(values, readKeys(values, readText)));
}

function commandOf({ positionals }: CommandLine): CommandName {
  const [name = 'serve', ...rest] = positionals;
  if (!isCommand(name)) {
    const guess = nearest(name, Object.keys(COMMANDS)) ?? Object.keys(COMMANDS).join(' or ');
    throw new ConfigError([`Unknown command ${JSON.stringify(name)}. Did you mean ${guess}?`]);
  }
  if (rest.length > 0) throw new ConfigError([`Unexpected argument ${JSON.stringify(rest[0])} after ${name}.`]);
  return name;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function readKeys(values: OptionValues, readText: (path: string) => string): readonly ApiKey[] {
  const keys: ApiKey[] = [];
  let origin = 'ECHOSERVE_API_KEYS';
  try {
    if (values['api-keys'] !== undefined) keys.push(...parseApiKeys(values['api-keys']));
    if (values['api-keys-file'] !== undefined) {
      origin = `The API keys file ${values['api-keys-file']}`;
      keys.push(...parseApiKeys(readText(values['api-keys-file']), keys.length));
    }
    refuseTwins(keys);
    return keys;
  } catch (error) {
    const reason = error instanceof ApiKeysError || isSystemError(error) ? error.message : 'it can not be read';
    throw new ConfigError([`${origin}: ${reason}.`]);
  }
}

/** Its message has a path and a code, and nothing of a file's content. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function assemble(values: OptionValues, keys: readonly ApiKey[]): ServeConfig {
  const repositoryDir = values['model-repository'];
  const roots = values['allow-source-root'];
  const isLoopback = isLoopbackHost(values.host);
  return {
    command: 'serve',
    server: {
      host: values.host,
      port: values.port,
      isLoopback,
      allowedHosts: values['allowed-host'],
      maxBodyBytes: values['max-body'],
      routingKeyHeader: values['routing-key-header'],
    },
    auth: authOf(values, keys, isLoopback),
    models: {
      repositoryDir,
      dataDir: values['data-dir'],
      modelName: values['model-name'],
      preload: values.preload,
      required: values.required,
      loadOnDemand: values['load-on-demand'],
      intraOpThreads: values['intra-op-threads'],
    },
    updates: { recordedRequestBytes: values['recorded-requests'] },
    memory: { budget: values['memory-budget'], waitMs: values['memory-wait'] },
    sources: {
      allowedRoots: roots.length > 0 || repositoryDir === undefined ? roots : [repositoryDir],
      allowedUrls: values['allow-source-url'],
    },
    limits: limitsOf(values),
    arena: { dir: values['arena-dir'], allowDisk: values['allow-disk-arena'], maxBytes: values['max-in-flight'] },
    log: { level: values['log-level'] },
  };
}

/** @throws ConfigError where the notice would leave no time to answer what was accepted: the end would lose it */
function limitsOf(values: OptionValues): ServeConfig['limits'] {
  const [drainNoticeMs, gracePeriodMs] = [values['drain-notice'], values['grace-period']];
  if (drainNoticeMs >= gracePeriodMs) {
    throw new ConfigError([
      `--drain-notice ${drainNoticeMs}ms must be shorter than --grace-period ${gracePeriodMs}ms, which it is a part of: shorten the one or lengthen the other.`,
    ]);
  }
  return {
    defaultTimeoutMs: values['default-timeout'],
    hangLimitMs: values['hang-limit'],
    loadTimeoutMs: values['load-timeout'],
    drainTimeoutMs: values['drain-timeout'],
    drainNoticeMs,
    gracePeriodMs,
  };
}

/** @throws ConfigError for a server that would be open to others by mistake */
function authOf(values: OptionValues, keys: readonly ApiKey[], isLoopback: boolean): ServeConfig['auth'] {
  const wanted = values.auth;
  const give = 'give API keys with --api-keys-file or ECHOSERVE_API_KEYS';
  if (wanted === 'keys' && keys.length === 0) throw new ConfigError([`--auth keys: there are none; ${give}.`]);
  if (wanted === 'none' && keys.length > 0) {
    throw new ConfigError(['--auth none: API keys are given too; leave out one or the other.']);
  }
  if (wanted === undefined && keys.length === 0 && !isLoopback) {
    throw new ConfigError([
      `--host ${values.host} can be reached by others: ${give}, or accept that with --auth none.`,
    ]);
  }
  return { mode: keys.length > 0 ? 'keys' : 'none', keys };
}

function isLoopbackHost(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return isIPv6(host) ? /^(0{0,4}:)+0{0,3}1$/.test(host) : host === 'localhost';
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
