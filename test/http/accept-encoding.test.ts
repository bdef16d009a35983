import { describe, expect, it } from 'vitest';
import { acceptedEncoding } from '../../src/http/infer/accept-encoding.ts';

describe('the compression of an answer', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['gzip, deflate', 'gzip'],
    ['deflate, gzip;q=0.5', 'deflate'],
    ['gzip;q=0.1,deflate;q=0.9', 'deflate'],
    ['GZIP;Q=1', 'gzip'],
    ['br;q=1, gzip;q=0.8', 'gzip'],
    ['*', undefined],
    ['br', undefined],
    ['identity', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=0, deflate', 'deflate'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['gzip;q=nonsense', undefined],
    ['gzip;q=2', undefined],
    [';;,,=', undefined],
  ])('for %j is %s', (header, expected) => {
    expect(acceptedEncoding(header)).toBe(expected);
  });
});
