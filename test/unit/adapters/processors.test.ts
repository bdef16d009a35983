import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { processorsFrom, usableProcessors } from '../../../src/adapters/processors.ts';

const allowing = (list: string) => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`;

test.each([
  [8, '0-7', 'machine'],
  [4, '0-3', 'affinity'],
  [5, '0-2,4,7', 'affinity'],
  [1, '6', 'affinity'],
  [2, '0-7', 'cgroup'],
  [2, '0-3', 'cgroup'],
] as const)(
  '%i usable processors of 8, of which %s are allowed, are so many because of the %s',
  (usable, list, from) => {
    expect(processorsFrom(usable, 8, allowing(list))).toBe(from);
  },
);

test('where the system does not tell which are allowed, fewer than there are come from a quota', () => {
  expect(processorsFrom(8, 8, '')).toBe('machine');
  expect(processorsFrom(3, 8, '')).toBe('cgroup');
});

test('this process may use as many as libuv says', () => {
  const { count, from } = usableProcessors();
  expect(count).toBe(availableParallelism());
  expect(['machine', 'affinity', 'cgroup']).toContain(from);
});
