import { z } from 'zod';

/** One setting: a flag, the environment variable of the same name, and how its text becomes a value. */
export interface ConfigOption<T> {
  /** `switch` takes no value and has a `--no-…` form; `list` may be repeated or separated by commas. */
  readonly kind: 'value' | 'list' | 'switch';
  /** What stands for the value in the help; empty for a switch. */
  readonly placeholder: string;
  /** The default as the help shows it; empty when there is none. */
  readonly defaultText: string;
  readonly description: string;
  /** Secrets have no flag: a command line is seen by every process. */
  readonly isEnvOnly: boolean;
  /**
   * @param given the texts that were given, none when the default is to hold
   * @throws z.ZodError
   */
  readonly read: (given: readonly string[]) => T;
}

interface Words {
  readonly placeholder: string;
  readonly description: string;
  /** Where the default is not a fixed text. */
  readonly defaultText?: string;
  readonly isEnvOnly?: boolean;
}

type TextSchema<T> = z.ZodType<T, string>;

const common = (words: Words, defaultText = '') => ({
  placeholder: words.placeholder,
  description: words.description,
  defaultText: words.defaultText ?? defaultText,
  isEnvOnly: words.isEnvOnly ?? false,
});

/** The default is written as a user would, and read by the same schema. */
export function value<T>(schema: TextSchema<T>, fallback: string, words: Words): ConfigOption<T> {
  return { kind: 'value', ...common(words, fallback), read: (given) => schema.parse(given.at(-1) ?? fallback) };
}

export function optional<T>(schema: TextSchema<T>, words: Words): ConfigOption<T | undefined> {
  const read = (given: readonly string[]): T | undefined => {
    const last = given.at(-1);
    return last === undefined ? undefined : schema.parse(last);
  };
  return { kind: 'value', ...common(words), read };
}

export function list<T>(schema: TextSchema<T>, words: Words): ConfigOption<readonly T[]> {
  const read = (given: readonly string[]): readonly T[] =>
    given.flatMap((text) => text.split(',')).map((item) => schema.parse(item.trim()));
  return { kind: 'list', ...common(words), read };
}

const bool = z.stringbool({ error: 'expected true or false' });

export function toggle(fallback: boolean, description: string): ConfigOption<boolean> {
  return {
    kind: 'switch',
    ...common({ placeholder: '', description }, fallback ? 'on' : 'off'),
    read: (given) => bool.parse(given.at(-1) ?? String(fallback)),
  };
}

/**
 * A schema for text that `parse` turns into a value.
 * @param expected what is expected, as it stands in the message
 * @param parse undefined, or an error with a reason, for what is not that
 */
export function text<T>(expected: string, parse: (text: string) => T | undefined): TextSchema<T> {
  return z.string().transform((input, context) => {
    let reason = '';
    try {
      const parsed = parse(input);
      if (parsed !== undefined) return parsed;
    } catch (error) {
      reason = error instanceof Error ? ` (${error.message.replace(/\.$/, '')})` : '';
    }
    context.issues.push({
      code: 'custom',
      message: `expected ${expected}, got ${JSON.stringify(input)}${reason}`,
      input,
    });
    return z.NEVER;
  });
}

export function wholeNumber(expected: string, min: number, max: number): TextSchema<number> {
  return text(expected, (input) => {
    const number = /^\d{1,15}$/.test(input) ? Number(input) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });
}
