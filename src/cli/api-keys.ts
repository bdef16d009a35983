import { z } from 'zod';

const API_SCOPES = ['infer', 'admin', 'metrics'] as const;

export interface ApiKey {
  /** For logs. */
  readonly name: string;
  readonly secret: string;
  readonly scopes: readonly (typeof API_SCOPES)[number][];
}

const MIN_SECRET_LENGTH = 16;

/** What is wrong with a text of keys. Never contains a secret. */
export class ApiKeysError extends Error {
  override readonly name = 'ApiKeysError';
}

// No message of these may show its input.
const keySchema = z.strictObject({
  name: z
    .string({ error: 'expected a name' })
    .regex(/^[\w.@:-]{1,100}$/, 'expected a name of letters, digits, ".", "_", "@", ":" and "-"')
    .optional(),
  key: z
    .string({ error: 'expected a key' })
    .min(MIN_SECRET_LENGTH, `expected a key of at least ${MIN_SECRET_LENGTH} characters`)
    .regex(/^[\x21-\x7e]+$/, 'expected a key of visible ASCII characters without spaces'),
  scopes: z
    .array(z.enum(API_SCOPES, { error: `expected scopes of ${API_SCOPES.join(', ')}` }), {
      error: 'expected a list of scopes',
    })
    .min(1, 'expected at least one scope'),
});

/**
 * Reads keys from JSON, `[{"name"?, "key", "scopes": […]}]`, or from lines of `key scope,scope [name]`, where `;` ends a
 * line too and `#` begins a comment. A key without a name is called after its number among all keys.
 * @param before how many keys there are already, from elsewhere
 * @throws ApiKeysError naming the place, never the key
 */
export function parseApiKeys(text: string, before = 0): readonly ApiKey[] {
  const keys = text.trimStart().startsWith('[') ? fromJson(text) : fromLines(text);
  if (keys.length === 0) throw new ApiKeysError('it has no keys');
  return keys.map(({ name, ...key }, index) => ({ name: name ?? `key-${before + index + 1}`, ...key }));
}

/** @throws ApiKeysError when two keys have the same name or the same secret */
export function refuseTwins(keys: readonly ApiKey[]): void {
  keys.forEach((key, index) => {
    const twin = keys.slice(0, index).find((other) => other.name === key.name || other.secret === key.secret);
    if (twin === undefined) return;
    const what = twin.name === key.name ? 'the same name' : 'the same secret';
    throw new ApiKeysError(`the API keys ${twin.name} and ${key.name} have ${what}`);
  });
}

/** As it was written: the name may be left out. */
type ReadKey = Omit<ApiKey, 'name'> & { readonly name: string | undefined };

function fromJson(text: string): readonly ReadKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new ApiKeysError('it begins like JSON and is not');
  }
  if (!Array.isArray(json)) throw new ApiKeysError('expected a JSON array of keys');
  return json.map((entry: unknown, index) => toKey(entry, `entry ${index + 1}`));
}

function fromLines(text: string): readonly ReadKey[] {
  const keys: ReadKey[] = [];
  text.split(/[\n;]/).forEach((line, index) => {
    const [key, scopes, name, ...rest] = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter(Boolean);
    if (key === undefined) return;
    const place = `line ${index + 1}`;
    if (scopes === undefined || rest.length > 0)
      throw new ApiKeysError(`${place}: expected \`key scope,scope [name]\``);
    const entry = { key, scopes: scopes.split(','), ...(name === undefined ? {} : { name }) };
    keys.push(toKey(entry, place));
  });
  return keys;
}

function toKey(entry: unknown, place: string): ReadKey {
  const result = keySchema.safeParse(entry);
  if (!result.success)
    throw new ApiKeysError(`${place}: ${result.error.issues.map((issue) => issue.message).join('; ')}`);
  const { name, key, scopes } = result.data;
  return { name, secret: key, scopes: [...new Set(scopes)] };
}
