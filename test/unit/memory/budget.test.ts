import { expect, test } from 'vitest';
import { parseBudgetSetting, resolveBudget } from '../../../src/core/memory/budget.ts';

const GIB = 2 ** 30;
const HOST = { cgroupLimitBytes: undefined, machineBytes: 64 * GIB };

test.each([
  ['8GiB', 8 * GIB],
  ['8 gib', 8 * GIB],
  ['8Gi', 8 * GIB],
  ['512MB', 512_000_000],
  ['512MiB', 512 * 2 ** 20],
  ['1.5GiB', 1.5 * GIB],
  ['0.5kb', 500],
  ['2TB', 2e12],
  ['123456', 123_456],
  ['123456B', 123_456],
  ['1', 1],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBudgetSetting(text)).toEqual({ kind: 'bytes', bytes });
});

test.each([
  ['70%', 0.7],
  ['100 %', 1],
  ['0.5%', 0.005],
])('%s is a share of %d', (text, share) => {
  expect(parseBudgetSetting(text)).toEqual({ kind: 'share', share });
});

test.each([
  ['', /neither/],
  ['%', /neither/],
  ['-8GiB', /neither/],
  ['8e9', /neither/],
  ['0x10', /neither/],
  ['8,5GiB', /neither/],
  ['Infinity', /neither/],
  ['8GiB 70%', /neither/],
  ['8G', /the unit "g" is not known/],
  ['8gigs', /not known/],
  ['8constructor', /not known/],
  ['0', /nothing/],
  ['0GiB', /nothing/],
  ['0.0001KB', /nothing/],
  ['0.7', /no fraction/],
  ['0%', /more than 0%/],
  ['101%', /at most 100%/],
  ['99999TiB', /larger than any machine/],
])('%j is refused with the reason and what can be written', (text, reason) => {
  expect(() => parseBudgetSetting(text)).toThrow(reason);
  expect(() => resolveBudget(text, HOST)).toThrow(
    expect.objectContaining({ code: 'invalid_request', next: expect.stringContaining('70%') }),
  );
});

test("a share is one of the cgroup's limit where there is one", () => {
  expect(resolveBudget('70%', { ...HOST, cgroupLimitBytes: 10 * GIB })).toEqual({
    bytes: 7 * GIB,
    availableBytes: 10 * GIB,
    availableFrom: 'cgroup',
  });
});

test("a share is one of the machine's memory where there is no limit", () => {
  expect(resolveBudget('50%', HOST)).toEqual({ bytes: 32 * GIB, availableBytes: 64 * GIB, availableFrom: 'machine' });
});

test('the limit that cgroup 1 has when it has none is no limit', () => {
  expect(resolveBudget('50%', { ...HOST, cgroupLimitBytes: 2 ** 63 - 4096 })).toMatchObject({
    bytes: 32 * GIB,
    availableFrom: 'machine',
  });
});

test('a share that is no whole number of bytes is rounded down', () => {
  expect(resolveBudget('33%', { cgroupLimitBytes: undefined, machineBytes: 101 }).bytes).toBe(33);
});

test('bytes are taken as given, and what is available stands beside them', () => {
  expect(resolveBudget('128GiB', { ...HOST, cgroupLimitBytes: GIB })).toEqual({
    bytes: 128 * GIB,
    availableBytes: GIB,
    availableFrom: 'cgroup',
  });
});
