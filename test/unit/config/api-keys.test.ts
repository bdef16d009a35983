import { describe, expect, it } from 'vitest';
import { ApiKeysError, parseApiKeys, refuseTwins } from '../../../src/cli/api-keys.ts';

const secret = 'sixteen-letters-1';

describe('API keys', () => {
  it('are read from lines, with comments', () => {
    const text = `
      # of the services
      ${secret} infer,metrics frontend   # the web shop
      ${secret}2 admin; ${secret}3 metrics`;
    expect(parseApiKeys(text)).toEqual([
      { name: 'frontend', secret, scopes: ['infer', 'metrics'] },
      { name: 'key-2', secret: `${secret}2`, scopes: ['admin'] },
      { name: 'key-3', secret: `${secret}3`, scopes: ['metrics'] },
    ]);
  });

  it('are read from JSON', () => {
    const text = JSON.stringify([
      { name: 'ci', key: secret, scopes: ['infer', 'infer'] },
      { key: `${secret}2`, scopes: ['admin'] },
    ]);
    expect(parseApiKeys(text)).toEqual([
      { name: 'ci', secret, scopes: ['infer'] },
      { name: 'key-2', secret: `${secret}2`, scopes: ['admin'] },
    ]);
  });

  it.each([
    ['', 'no keys'],
    ['# only a comment', 'no keys'],
    ['[]', 'no keys'],
    [secret, 'line 1: expected `key scope'],
    [`${secret} infer name more`, 'line 1'],
    [`${secret}2 infer\nshort1 infer`, 'line 2: expected a key of at least 16'],
    [`${secret} everything`, 'expected scopes of infer, admin, metrics'],
    [`[{"key": "${secret}"`, 'begins like JSON'],
    [`[{"key": "${secret}"}]`, 'entry 1: expected a list of scopes'],
    [`[{"key": "${secret}", "scopes": []}]`, 'at least one scope'],
    [`[{"key": "${secret} with spaces", "scopes": ["infer"]}]`, 'without spaces'],
    [`[{"key": "${secret}", "scopes": ["infer"], "scope": "admin"}]`, '"scope"'],
    [`["${secret}"]`, 'entry 1'],
  ])('in %j are refused with the place, never showing a secret', (text, reason) => {
    let error: unknown;
    try {
      parseApiKeys(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ApiKeysError);
    expect(String(error)).toContain(reason);
    expect(String(error)).not.toContain('sixteen');
    expect(String(error)).not.toContain('short1');
  });

  it('can not share a name or a secret', () => {
    const key = (name: string, text: string) => ({ name, secret: text, scopes: ['infer'] as const });
    expect(() => refuseTwins([key('a', 'x'), key('b', 'y'), key('a', 'z')])).toThrow('the same name');
    expect(() => refuseTwins([key('a', 'x'), key('b', 'x')])).toThrow('the same secret');
    expect(() => refuseTwins([key('a', 'x'), key('b', 'y')])).not.toThrow();
  });
});
