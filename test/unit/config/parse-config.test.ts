import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/cli/config-error.ts';
import { parseConfig, type ServeConfig } from '../../../src/config.ts';

function serve(argv: readonly string[] = [], env: Record<string, string> = {}, file = ''): ServeConfig {
  const config = parseConfig(argv, env, () => file);
  if (config.command !== 'serve') throw new Error(`parsed as ${config.command}`);
  return config;
}

function faultsOf(argv: readonly string[], env: Record<string, string> = {}, file = ''): readonly string[] {
  try {
    parseConfig(argv, env, () => file);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('expected a ConfigError');
}

const key = 'sixteen-letters-1';

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(serve()).toEqual({
      command: 'serve',
      server: {
        host: '127.0.0.1',
        port: 8080,
        isLoopback: true,
        allowedHosts: [],
        maxBodyBytes: 64 * 2 ** 20,
        routingKeyHeader: 'x-routing-key',
      },
      auth: { mode: 'none', keys: [] },
      models: {
        repositoryDir: undefined,
        dataDir: resolve('.echoserve'),
        modelName: undefined,
        preload: [],
        required: [],
        loadOnDemand: true,
      },
      memory: { budget: '70%', waitMs: 10_000 },
      updates: { recordedRequestBytes: 16 * 2 ** 20 },
      sources: { allowedRoots: [], allowedUrls: [] },
      limits: {
        defaultTimeoutMs: 30_000,
        hangLimitMs: 10_000,
        loadTimeoutMs: 600_000,
        drainTimeoutMs: 30_000,
        drainNoticeMs: 1000,
        gracePeriodMs: 30_000,
      },
      arena: { dir: undefined, allowDisk: false, maxBytes: 256 * 2 ** 20 },
      log: { level: 'info' },
    });
  });

  it('has nothing to say about the demo, whatever the environment is set up for', () => {
    expect(parseConfig(['demo'], { ECHOSERVE_HOST: '0.0.0.0', ECHOSERVE_PORT: 'none' })).toEqual({
      command: 'demo',
      short: false,
    });
    expect(parseConfig(['demo', '--short'], {})).toEqual({ command: 'demo', short: true });
    expect(() => parseConfig(['demo', '--port', '1'], {})).toThrow('demo takes no options but --short');
  });

  it('reads what is to be validated, and the key from where others can not read it', () => {
    expect(parseConfig(['validate'], {})).toEqual({ command: 'validate', url: undefined, key: undefined });
    const env = { ECHOSERVE_VALIDATE_KEY: 'from-the-environment', ECHOSERVE_PORT: 'none' };
    expect(parseConfig(['validate', '--url', 'http://127.0.0.1:8080/'], env)).toEqual({
      command: 'validate',
      url: 'http://127.0.0.1:8080',
      key: 'from-the-environment',
    });
    expect(parseConfig(['validate', '--key=given'], env)).toMatchObject({ key: 'given' });
    expect(() => parseConfig(['validate', '--url', '127.0.0.1:8080'], {})).toThrow('--url: expected a URL like');
    expect(() => parseConfig(['validate', '--port', '1'], {})).toThrow('validate takes no options but --url and --key');
    expect(() => parseConfig(['--port', '1', 'validate'], {})).toThrow('validate must be the first argument.');
  });

  it('reads every flag', () => {
    const config = serve([
      'serve',
      ...['--port', '0', '--host', 'localhost', '--model-repository', '/models', '--data-dir=/data'],
      ...['--model-name', 'org/churn', '--preload', 'a,b@2', '--preload', 'c/d@v1.0', '--required', 'a, b'],
      ...[
        '--no-load-on-demand',
        '--default-timeout',
        '500ms',
        '--hang-limit',
        '2s',
        '--load-timeout',
        '5m',
        '--drain-timeout',
        '1m',
        '--drain-notice',
        '2s',
      ],
      ...['--grace-period', '1h', '--auth', 'none', '--allowed-host', 'Models.Local', '--allow-source-root', '/in'],
      ...['--allow-source-url', 'https://models.example.com/,10.0.0.0/8', '--max-body', '1GiB'],
      ...['--routing-key-header', 'X-User', '--intra-op-threads', '3'],
      ...['--memory-budget', '8GiB', '--memory-wait', '3s', '--recorded-requests', '0'],
      ...['--max-in-flight', '1.5GB', '--arena-dir', '/mnt/shm', '--allow-disk-arena', '--log-level', 'debug'],
    ]);
    expect(config).toEqual({
      command: 'serve',
      server: {
        host: 'localhost',
        port: 0,
        isLoopback: true,
        allowedHosts: ['models.local'],
        maxBodyBytes: 2 ** 30,
        routingKeyHeader: 'x-user',
      },
      auth: { mode: 'none', keys: [] },
      models: {
        repositoryDir: '/models',
        dataDir: '/data',
        modelName: 'org/churn',
        preload: [
          { modelId: 'a', version: 'latest' },
          { modelId: 'b', version: '2' },
          { modelId: 'c/d', version: 'v1.0' },
        ],
        required: ['a', 'b'],
        loadOnDemand: false,
        intraOpThreads: 3,
      },
      memory: { budget: '8GiB', waitMs: 3000 },
      updates: { recordedRequestBytes: 0 },
      sources: { allowedRoots: ['/in'], allowedUrls: ['https://models.example.com/', '10.0.0.0/8'] },
      limits: {
        defaultTimeoutMs: 500,
        hangLimitMs: 2000,
        loadTimeoutMs: 300_000,
        drainTimeoutMs: 60_000,
        drainNoticeMs: 2000,
        gracePeriodMs: 3_600_000,
      },
      arena: { dir: '/mnt/shm', allowDisk: true, maxBytes: 1.5e9 },
      log: { level: 'debug' },
    });
  });

  it('takes the flag before the environment, and the environment before the default', () => {
    const env = { ECHOSERVE_PORT: '1', ECHOSERVE_MAX_BODY: '1KiB', ECHOSERVE_ALLOW_DISK_ARENA: 'true' };
    const config = serve(['--port', '2', '--no-allow-disk-arena'], env);
    expect(config.server).toMatchObject({ port: 2, maxBodyBytes: 1024 });
    expect(config.arena.allowDisk).toBe(false);
  });

  it.each(['false', 'no', 'off', '0'])('understands %j in the environment as off', (text) => {
    expect(serve([], { ECHOSERVE_LOAD_ON_DEMAND: text }).models.loadOnDemand).toBe(false);
  });

  it('is frozen through and through', () => {
    const config = serve(['--preload', 'a']);
    expect(Object.isFrozen(config.server)).toBe(true);
    expect(Object.isFrozen(config.models.preload[0])).toBe(true);
  });

  it('allows sources from the model repository unless other roots are named', () => {
    expect(serve(['--model-repository', '/m']).sources.allowedRoots).toEqual(['/m']);
    expect(serve(['--model-repository', '/m', '--allow-source-root', '/in']).sources.allowedRoots).toEqual(['/in']);
  });

  it('ends early for help and version, whatever else is wrong', () => {
    expect(parseConfig(['--help', '--prot'], {})).toEqual({ command: 'help' });
    expect(parseConfig(['-h'], { ECHOSERVE_PORT: 'x' })).toEqual({ command: 'help' });
    expect(parseConfig(['--version'], {})).toEqual({ command: 'version' });
    expect(parseConfig(['-v'], {})).toEqual({ command: 'version' });
  });
});

describe('a wrong configuration', () => {
  it.each<[readonly string[], string]>([
    [['--port', 'abc'], '--port: expected a port number from 0 to 65535, got "abc".'],
    [['--port', '65536'], '--port: expected a port number'],
    [['--port', '1e3'], '--port: expected a port number'],
    [['--port='], '--port: it is empty; leave it out for the default (8080).'],
    [['--port'], '--port needs a value: --port PORT.'],
    [['--port', '--host', 'a'], '--port needs a value, and --host looks like another option'],
    [['--prot', '1'], 'Unknown option --prot. Did you mean --port?'],
    [['--model-repositry', '1'], 'Did you mean --model-repository?'],
    [['--xyzzy-frobnicate'], '--help lists the options'],
    [['-p', '1'], 'Unknown option -p.'],
    [['--no-port'], 'Unknown option --no-port.'],
    [['--no-load-on-demand=true'], '--no-load-on-demand takes no value.'],
    [['--load-on-demand=maybe'], '--load-on-demand: expected true or false'],
    [['--api-keys', 'x'], 'use --api-keys-file or ECHOSERVE_API_KEYS'],
    [['--host', 'not a host'], '--host: expected a host name'],
    [['--intra-op-threads', '0'], '--intra-op-threads: expected a number of threads from 1 to 1024'],
    [['--max-body', '0'], '--max-body: expected a size such as 64MiB'],
    [['--max-body', '64M'], '--max-body: expected a size such as 64MiB'],
    [['--hang-limit', '10'], '--hang-limit: expected a duration such as 30s'],
    [['--hang-limit', '1000h'], 'at most 24 days'],
    [['--default-timeout', '0s'], 'longer than none'],
    [['--preload', 'a@'], '--preload: expected a model id, or model@version, got "a@"'],
    [['--preload', 'a,,b'], '--preload: expected a model id'],
    [['--required', '../etc'], 'segment ".."'],
    [['--allow-source-url', 'models.example.com'], '--allow-source-url: expected a URL such as'],
    [['--routing-key-header', 'x user'], '--routing-key-header: expected the name of a header'],
    [['--log-level', 'loud'], 'expected one of trace, debug'],
    [['--auth', 'maybe'], 'expected one of none, keys'],
    [['sevre'], 'Unknown command "sevre". Did you mean serve?'],
    [['frobnicate'], 'Did you mean serve or demo or validate?'],
    [['serve', 'more'], 'Unexpected argument "more" after serve.'],
  ])('%j says what was expected', (argv, message) => {
    expect(faultsOf(argv)[0]).toContain(message);
  });

  it('names the variable when the environment is wrong, an empty one included', () => {
    expect(faultsOf([], { ECHOSERVE_PORT: 'abc' })).toEqual([expect.stringContaining('ECHOSERVE_PORT: expected')]);
    expect(faultsOf([], { ECHOSERVE_PORT: '' })).toEqual([expect.stringContaining('ECHOSERVE_PORT: it is empty')]);
    expect(faultsOf([], { ECHOSERVE_ALLOW_DISK_ARENA: '' })[0]).toContain('it is empty');
  });

  it.each([
    ['3s', '2s'],
    ['30s', '30s'],
    ['0s', '0s'],
  ])('refuses a notice of %s within a grace period of %s, and says what to change', (notice, grace) => {
    const [fault] = faultsOf(['--drain-notice', notice, '--grace-period', grace]);
    expect(fault).toMatch(/^--drain-notice \d+ms must be shorter than --grace-period \d+ms,.*shorten.*lengthen/);
    expect(serve(['--drain-notice', '1999ms', '--grace-period', '2s']).limits.drainNoticeMs).toBe(1999);
  });

  it('lists every fault', () => {
    expect(faultsOf(['--port', 'x', '--max-body', 'y'], { ECHOSERVE_LOG_LEVEL: 'z' })).toHaveLength(3);
    expect(faultsOf(['--prot', '--hots', 'a'])).toHaveLength(2);
  });
});

describe('authentication', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'is off by default on %s, which nobody else can reach',
    (host) => {
      expect(serve(['--host', host])).toMatchObject({ auth: { mode: 'none' }, server: { isLoopback: true } });
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', 'models.internal', '127.example.com'])(
    'is required on %s, unless it is switched off in so many words',
    (host) => {
      expect(faultsOf(['--host', host])[0]).toContain('--auth none');
      expect(serve(['--host', host, '--auth', 'none']).auth.mode).toBe('none');
      const withKeys = serve(['--host', host], { ECHOSERVE_API_KEYS: `${key} infer` });
      expect(withKeys).toMatchObject({ auth: { mode: 'keys' }, server: { isLoopback: false } });
    },
  );

  it('takes keys from the file and the environment together', () => {
    const config = serve(
      ['--api-keys-file', 'keys'],
      { ECHOSERVE_API_KEYS: `${key} infer ci` },
      'another-long-key-2 admin ops',
    );
    expect(config.auth.keys).toEqual([
      { name: 'ci', secret: key, scopes: ['infer'] },
      { name: 'ops', secret: 'another-long-key-2', scopes: ['admin'] },
    ]);
  });

  it('numbers keys without a name over the environment and the file', () => {
    const env = { ECHOSERVE_API_KEYS: `${key} infer` };
    const names = (file: string) => serve(['--api-keys-file', 'keys'], env, file).auth.keys.map(({ name }) => name);
    expect(names('another-long-key-2 admin\nanother-long-key-3 admin')).toEqual(['key-1', 'key-2', 'key-3']);
    expect(names('[{"key": "another-long-key-2", "scopes": ["admin"]}]')).toEqual(['key-1', 'key-2']);
  });

  it('contradicting itself is refused', () => {
    expect(faultsOf(['--auth', 'keys'])[0]).toContain('there are none');
    expect(faultsOf(['--auth', 'none'], { ECHOSERVE_API_KEYS: `${key} infer` })[0]).toContain('--auth none');
    expect(faultsOf(['--api-keys-file', 'k'], { ECHOSERVE_API_KEYS: `${key} infer` }, `${key} admin b`)[0]).toContain(
      'the same secret',
    );
  });

  it('names a file that is not there', () => {
    expect(() => parseConfig(['--api-keys-file', '/nowhere/keys'], {})).toThrow(/\/nowhere\/keys.*ENOENT/);
  });
});
