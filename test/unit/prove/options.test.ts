import { expect, test } from 'vitest';
import { parseOptions } from '../../../scripts/prove/options.ts';

const parse = (...args: string[]) => parseOptions(args, 'docs/proof.md');

test('without arguments it is 100 good, 100 bad and 300 identical updates', () => {
  expect(parse()).toMatchObject({ good: 100, bad: 100, identical: 300, out: 'docs/proof.md', wantsHelp: false });
});

test('numbers and the place of the report can be chosen', () => {
  const chosen = parse(
    '--good',
    '3',
    '--bad',
    '0',
    '--identical',
    '7',
    '--out',
    'x.md',
    '--models',
    '2',
    '--rate',
    '9',
  );
  expect(chosen).toMatchObject({ good: 3, bad: 0, identical: 7, out: 'x.md', models: 2, ratePerSecond: 9 });
});

test.each(['--good=-1', '--bad=1.5', '--identical=many', '--models=1', '--rate=0', '--good='])(
  '%s is refused',
  (text) => {
    expect(() => parse(text)).toThrow(/must be a whole number/);
  },
);

test('an option that there is not is refused', () => {
  expect(() => parse('--fast')).toThrow('--fast');
});
