import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { Environment } from './read-options.ts';

/** Where the key for `validate` may stand as well: what a command line says can be read by others. */
const KEY_VARIABLE = 'ECHOSERVE_VALIDATE_KEY';

export interface DemoOptions {
  readonly command: 'demo';
  /** Whether its updates are to be over in seconds. */
  readonly short: boolean;
}

export interface ValidateOptions {
  readonly command: 'validate';
  /** Without a slash at its end. Undefined: a server is started for it. */
  readonly url: string | undefined;
  readonly key: string | undefined;
}

/** The options of the commands that do not serve, for `--help`: name and meaning. */
export const COMMAND_OPTIONS: readonly (readonly [string, string])[] = [
  ['demo --short', 'Make the stages of its updates short: it ends in seconds.'],
  ['validate --url URL', 'Check the server there. Without it, one is started over the examples.'],
  ['validate --key KEY', `API key with the scopes infer and admin. Also in ${KEY_VARIABLE}.`],
];

/** @throws ConfigError */
export function readDemoOptions(argv: readonly string[]): DemoOptions {
  const { short } = parsed(argv, { short: { type: 'boolean' } }, 'demo takes no options but --short');
  return { command: 'demo', short: short === true };
}

/** @throws ConfigError */
export function readValidateOptions(argv: readonly string[], env: Environment): ValidateOptions {
  const options = { url: { type: 'string' }, key: { type: 'string' } } as const;
  const { url, key = env[KEY_VARIABLE] } = parsed(argv, options, 'validate takes no options but --url and --key');
  return { command: 'validate', url: url === undefined ? undefined : urlOf(String(url)), key: textOf(key) };
}

function parsed(
  argv: readonly string[],
  options: NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>,
  rule: string,
) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError([`${error instanceof Error ? error.message : String(error)} (${rule}).`]);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function urlOf(text: string): string {
  const url = z.url({ protocol: /^https?$/ }).safeParse(text);
  if (!url.success) throw new ConfigError(['--url: expected a URL like http://127.0.0.1:8080.']);
  return text.replace(/\/+$/, '');
}
