import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ConfigError, nearest } from './config-error.ts';
import { CONFIG_OPTIONS, environmentName, OPTION_NAMES, type OptionName, type OptionValues } from './config-options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandLine {
  readonly positionals: readonly string[];
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
  readonly given: ReadonlyMap<OptionName, readonly string[]>;
  readonly faults: readonly string[];
}

const FLAGS: readonly OptionName[] = OPTION_NAMES.filter((name) => !CONFIG_OPTIONS[name].isEnvOnly);

type Token = ReturnType<typeof tokenize>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** Node's parser splits; what is wrong is said here, with what to do. */
function tokenize(argv: readonly string[]) {
  const options = Object.fromEntries(
    FLAGS.map((name) => [name, { type: CONFIG_OPTIONS[name].kind === 'switch' ? 'boolean' : 'string' } as const]),
  );
  return parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    strict: false,
    tokens: true,
    allowPositionals: true,
  }).tokens;
}

export function readCommandLine(argv: readonly string[]): CommandLine {
  const given = new Map<OptionName, readonly string[]>();
  const positionals: string[] = [];
  const faults: string[] = [];
  const asked = new Set<string>();
  for (const token of tokenize(argv)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'version') {
      asked.add(token.name);
      continue;
    }
    const read = readFlag(token);
    if (typeof read === 'string') faults.push(read);
    else given.set(read.name, [...(given.get(read.name) ?? []), read.text]);
  }
  return { positionals, wantsHelp: asked.has('help'), wantsVersion: asked.has('version'), given, faults };
}

/** The flag's option and text, or what is wrong with it. */
function readFlag(token: OptionToken): { readonly name: OptionName; readonly text: string } | string {
  const isNegated = token.name.startsWith('no-');
  const wanted = isNegated ? token.name.slice(3) : token.name;
  const name = FLAGS.find((flag) => flag === wanted);
  if (name === undefined || (isNegated && CONFIG_OPTIONS[name].kind !== 'switch')) return unknownFlag(token);
  if (CONFIG_OPTIONS[name].kind === 'switch') {
    if (isNegated && token.value !== undefined) return `${token.rawName} takes no value.`;
    return { name, text: isNegated ? 'false' : (token.value ?? 'true') };
  }
  const { placeholder } = CONFIG_OPTIONS[name];
  if (token.value === undefined) return `--${name} needs a value: --${name} ${placeholder}.`;
  if (token.inlineValue === false && token.value.startsWith('-')) {
    return `--${name} needs a value, and ${token.value} looks like another option; write --${name}=${token.value} if it is meant.`;
  }
  return { name, text: token.value };
}

function unknownFlag(token: OptionToken): string {
  const hidden = OPTION_NAMES.find((name) => name === token.name);
  if (hidden !== undefined) {
    return `--${hidden} does not exist, as command lines can be read by others: use --${hidden}-file or ${environmentName(hidden)}.`;
  }
  const guess = nearest(token.name, [...FLAGS, 'help', 'version']);
  return `Unknown option ${token.rawName}.${guess === undefined ? ' --help lists the options.' : ` Did you mean --${guess}?`}`;
}

/**
 * The value of every option: the flag's, else the environment's, else the default.
 * @throws ConfigError with every fault
 */
export function readOptions(given: CommandLine['given'], env: Environment): OptionValues {
  const faults: string[] = [];
  const entries = OPTION_NAMES.map((name) => {
    const { texts, origin } = textsOf(name, given, env);
    try {
      if (texts.includes('')) throw new EmptyValue();
      return [name, CONFIG_OPTIONS[name].read(texts)] as const;
    } catch (error) {
      faults.push(`${origin}: ${faultOf(error, name)}.`);
      return [name, undefined] as const;
    }
  });
  if (faults.length > 0) throw new ConfigError(faults);
  // Each entry is what its own `read` returned.
  return Object.fromEntries(entries) as unknown as OptionValues;
}

function textsOf(name: OptionName, given: CommandLine['given'], env: Environment) {
  const flags = given.get(name);
  if (flags !== undefined) return { texts: flags, origin: `--${name}` };
  const origin = environmentName(name);
  const text = env[origin];
  return { texts: text === undefined ? [] : [text], origin };
}

/** An empty text is no value: it is mostly a template that was not filled in, and must not switch something off. */
class EmptyValue extends Error {}

function faultOf(error: unknown, name: OptionName): string {
  if (error instanceof EmptyValue) {
    const { defaultText } = CONFIG_OPTIONS[name];
    return `it is empty; leave it out${defaultText === '' ? '' : ` for the default (${defaultText})`}`;
  }
  if (error instanceof z.ZodError) return error.issues.map((issue) => issue.message).join('; ');
  throw error;
}
