import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { UrlPolicy } from '../adapters/source/url-policy.ts';
import { parseBudgetSetting } from '../core/memory/budget.ts';
import { type ModelId, parseModelId } from '../core/model/model-id.ts';
import { OPTION_RANGES } from '../core/model/options.ts';
import { parseVersionSelector, type VersionSelector } from '../core/model/version.ts';
import { list, optional, text, toggle, value, wholeNumber } from './option.ts';
import { parseBytes, parseDurationMs } from './units.ts';

/** `model` or `model@version`. */
export interface ModelReference {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const directory = text('a directory', (input) => (input === '' || input.includes('\0') ? undefined : resolve(input)));
const file = text('a file', (input) => (input === '' || input.includes('\0') ? undefined : resolve(input)));
const bytes = text('a size such as 64MiB', (input) => {
  const parsed = parseBytes(input);
  return parsed === undefined || parsed < 1 ? undefined : parsed;
});
const bytesOrNone = text('a size such as 16MiB, or 0', parseBytes);
/** The longest that a timer of Node can wait; it takes a longer one for 1 ms. */
const MAX_DURATION_MS = 2 ** 31 - 1;
const duration = text('a duration such as 30s or 500ms, at most 24 days', (input) => {
  const parsed = parseDurationMs(input);
  return parsed === undefined || parsed > MAX_DURATION_MS ? undefined : parsed;
});
const positiveDuration = text('a duration such as 30s or 500ms, longer than none and at most 24 days', (input) => {
  const parsed = parseDurationMs(input);
  return parsed === undefined || parsed < 1 || parsed > MAX_DURATION_MS ? undefined : parsed;
});
const modelId = text('a model id', parseModelId);
const headerName = text('the name of a header', (input) =>
  /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/i.test(input) ? input.toLowerCase() : undefined,
);
const host = text('a host name or an IP address', (input) => {
  const bare = input.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIP(bare) > 0 || /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/.test(bare) ? bare : undefined;
});
const modelReference = text('a model id, or model@version', (input): ModelReference => {
  const at = input.lastIndexOf('@');
  if (at === -1) return { modelId: parseModelId(input), version: 'latest' };
  return { modelId: parseModelId(input.slice(0, at)), version: parseVersionSelector(input.slice(at + 1)) };
});
const sourceUrl = text('a URL such as https://models.example.com/ or an address range such as 10.0.0.0/8', (input) => {
  new UrlPolicy([input]);
  return input;
});
const oneOf = <const T extends string>(names: readonly T[]) =>
  text(`one of ${names.join(', ')}`, (input) => names.find((name) => name === input));

/**
 * Every setting, by its flag. The environment variable, the help and the table of the documentation follow from this.
 */
export const CONFIG_OPTIONS = {
  port: value(wholeNumber('a port number from 0 to 65535', 0, 65_535), '8080', {
    placeholder: 'PORT',
    description: 'Port to listen on; 0 picks a free one.',
  }),
  host: value(host, '127.0.0.1', {
    placeholder: 'HOST',
    description: 'Address to listen on. One that others can reach needs API keys, or `--auth none`.',
  }),
  'model-repository': optional(directory, {
    placeholder: 'DIR',
    description: 'Directory of models: `<model>/<version>/model.onnx`, or `<model>.onnx`.',
  }),
  'data-dir': value(directory, '.echoserve', {
    placeholder: 'DIR',
    description: 'Where state and downloaded models are kept. One server per directory.',
  }),
  'model-name': optional(modelId, {
    placeholder: 'MODEL',
    description: 'Name under which a lone `model.onnx` in the repository is served.',
  }),
  preload: list(modelReference, {
    placeholder: 'MODEL[@VERSION],…',
    description: 'Models to load at start.',
  }),
  required: list(modelId, {
    placeholder: 'MODEL,…',
    description: 'Models without which `/readyz` answers 503.',
  }),
  'memory-budget': value(
    text('bytes such as 8GiB, or a share such as 70%', (input) => {
      parseBudgetSetting(input);
      return input;
    }),
    '70%',
    {
      placeholder: 'SIZE|SHARE',
      description:
        "Memory that loaded models may use in all: bytes, or a share of the control group's limit or the machine's memory.",
    },
  ),
  'memory-wait': value(duration, '10s', {
    placeholder: 'DURATION',
    description: 'How long a load waits for models that are busy to become idle, where it needs their memory.',
  }),
  'load-on-demand': toggle(true, 'Whether a request for a model that is not loaded loads it.'),
  'intra-op-threads': optional(wholeNumber('a number of threads from 1 to 1024', 1, OPTION_RANGES.intraOpThreads.max), {
    placeholder: 'THREADS',
    defaultText: 'chosen from the processors',
    description: "Threads of each model's process, where the model names none.",
  }),
  'default-timeout': value(positiveDuration, '30s', {
    placeholder: 'DURATION',
    description: 'Deadline of an inference where neither it nor its model names one.',
  }),
  'hang-limit': value(duration, '10s', {
    placeholder: 'DURATION',
    description: "How far past its deadline a run may go before its model's process is killed.",
  }),
  'load-timeout': value(positiveDuration, '10m', {
    placeholder: 'DURATION',
    description: "How long a model's process may take to load it and answer its first runs.",
  }),
  'drain-notice': value(duration, '1s', {
    placeholder: 'DURATION',
    description:
      'How long the server still takes requests after `SIGTERM`, its `/readyz` at 503, so that load balancers see it.',
  }),
  'drain-timeout': value(duration, '30s', {
    placeholder: 'DURATION',
    description: 'How long an unload waits for the requests that the version has accepted.',
  }),
  'grace-period': value(duration, '30s', {
    placeholder: 'DURATION',
    description: 'How long the server takes at most to end after SIGTERM, the notice included.',
  }),
  auth: optional(oneOf(['none', 'keys']), {
    placeholder: 'MODE',
    defaultText: 'keys when there are any',
    description: '`keys`: requests need an API key. `none`: anybody who reaches the port may do everything.',
  }),
  'api-keys-file': optional(file, {
    placeholder: 'FILE',
    description: 'API keys: JSON, or lines of `key scope,scope [name]` with the scopes infer, admin, metrics.',
  }),
  'api-keys': optional(z.string(), {
    placeholder: 'KEYS',
    isEnvOnly: true,
    description: 'API keys in the form of the file; a semicolon ends a line too.',
  }),
  'allowed-host': list(host, {
    placeholder: 'HOST',
    description: 'Further `Host` names that are answered on loopback without keys.',
  }),
  'allow-source-root': list(directory, {
    placeholder: 'DIR',
    defaultText: 'the model repository',
    description: 'Directory that a `source` in a request may name a path in.',
  }),
  'allow-source-url': list(sourceUrl, {
    placeholder: 'URL',
    description:
      'Start of the URLs that a `source` may name (`http://` only when it says so), or a range of private addresses that their hosts may have.',
  }),
  'routing-key-header': value(headerName, 'x-routing-key', {
    placeholder: 'HEADER',
    description: "Header that names a request's routing key: during an update a key keeps its version.",
  }),
  'max-body': value(bytes, '64MiB', {
    placeholder: 'SIZE',
    description: 'Largest body of an inference, also after decompression. Other requests may have 64 KiB.',
  }),
  'max-in-flight': value(bytes, '256MiB', {
    placeholder: 'SIZE',
    description:
      'Request bytes in flight; past it the answer is 503. At most half of what the arena directory has free.',
  }),
  'recorded-requests': value(bytesOrNone, '16MiB', {
    placeholder: 'SIZE',
    description:
      'Recent requests that are kept, in memory only, to try new versions on before they get traffic; 0: none.',
  }),
  'arena-dir': optional(directory, {
    placeholder: 'DIR',
    defaultText: '/dev/shm',
    description: 'Memory file system that request bodies wait in.',
  }),
  'allow-disk-arena': toggle(false, 'Accept an arena directory on a disk, which request bodies would then reach.'),
  'log-level': value(oneOf(LOG_LEVELS), 'info', {
    placeholder: 'LEVEL',
    description: `One of ${LOG_LEVELS.join(', ')}.`,
  }),
};

export type OptionName = keyof typeof CONFIG_OPTIONS;

export type OptionValues = { readonly [K in OptionName]: ReturnType<(typeof CONFIG_OPTIONS)[K]['read']> };

// Object.keys has lost the literal types of an object whose keys are known.
export const OPTION_NAMES = Object.keys(CONFIG_OPTIONS) as readonly OptionName[];

/** `max-body` → `ECHOSERVE_MAX_BODY` */
export function environmentName(name: OptionName): string {
  return `ECHOSERVE_${name.toUpperCase().replaceAll('-', '_')}`;
}
