import { expect, it } from 'vitest';
import { parseOptions } from '../../../benchmarks/options.ts';

const parse = (...args: string[]) =>
  parseOptions(args, ['throughput', 'memory'], { out: 'RESULTS.md', server: 'dist/main.js', threads: 2 });

it('without arguments everything is measured in full', () => {
  expect(parse()).toMatchObject({ effort: 'full', only: [], out: 'RESULTS.md', server: 'dist/main.js', threads: 2 });
});

it('a part of the sections does not overwrite the results of all', () => {
  expect(parse('--only', 'memory')).toMatchObject({ only: ['memory'], out: undefined });
  expect(parse('--only', 'memory', '--only', 'throughput', '--out', 'x.md')).toMatchObject({ out: 'x.md' });
});

it('a section that there is not is refused with those that there are', () => {
  expect(() => parse('--only', 'speed')).toThrow('There is no section speed: the sections are throughput, memory.');
});

it.each(['0', '1.5', 'two', ''])('%j threads are refused', (threads) => {
  expect(() => parse(`--threads=${threads}`)).toThrow('--threads');
});

it('an option that there is not is refused', () => {
  expect(() => parse('--fast')).toThrow('--fast');
});
