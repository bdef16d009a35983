import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/cli/call.ts';
import { curlLines } from '../../../src/cli/curl.ts';

const URL = 'http://127.0.0.1:40001';

/** The arguments that a shell gives to curl. */
function argumentsOf(call: Call): readonly string[] {
  const command = curlLines(URL, call).join('\n').replace(/^\$ /, '');
  const out = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${command}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

describe('the command that is shown for a request', () => {
  test('is one line where it fits', () => {
    expect(curlLines(URL, { method: 'GET', path: '/health' })).toEqual(['$ curl http://127.0.0.1:40001/health']);
  });

  test('names the method only where curl would choose another one', () => {
    expect(argumentsOf({ method: 'DELETE', path: '/m' })).toEqual(['-X', 'DELETE', `${URL}/m`]);
    expect(argumentsOf({ method: 'POST', path: '/m' })).toEqual(['-X', 'POST', `${URL}/m`]);
    expect(argumentsOf({ method: 'POST', path: '/m', body: '{}' })).toEqual([`${URL}/m`, '-d', '{}']);
  });

  test('sends the same JSON, however it had to be broken', () => {
    const body = JSON.stringify({
      inputs: [
        { name: 'text', shape: [3], data: ['it\'s here, "quoted", and \\ more', 'x, '.repeat(40), "'"] },
        { name: 'numbers', data: Array.from({ length: 60 }, (_, index) => index / 8) },
      ],
    });
    const call: Call = {
      method: 'POST',
      path: '/v2/models/a/infer',
      headers: { 'content-type': 'application/json' },
      body,
    };
    const [url, h, header, d, data] = argumentsOf(call);
    expect([url, h, header, d]).toEqual([`${URL}${call.path}`, '-H', 'content-type: application/json', '-d']);
    expect(JSON.parse(data ?? '')).toEqual(JSON.parse(body));
  });

  test('is at most 78 columns wide where words allow it', () => {
    const body = JSON.stringify({ data: Array.from({ length: 100 }, (_, index) => index) });
    for (const line of curlLines(URL, { method: 'POST', path: '/v2/models/a/infer', body })) {
      expect(line.length).toBeLessThanOrEqual(78);
    }
  });

  test('names a file for bytes', () => {
    const body = { bytes: new Uint8Array(3), file: 'seven.bin' };
    expect(argumentsOf({ method: 'POST', path: '/m', body })).toEqual([`${URL}/m`, '--data-binary', '@seven.bin']);
  });
});
