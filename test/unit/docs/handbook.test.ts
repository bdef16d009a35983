import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMAND_OPTIONS } from '../../../src/cli/command-options.ts';
import { CONFIG_OPTIONS, environmentName, OPTION_NAMES } from '../../../src/cli/config-options.ts';
import { ERROR_TABLE } from '../../../src/http/error-table.ts';

const read = (path: string) => readFileSync(resolve(import.meta.dirname, '../../..', path), 'utf8');
const HANDBOOK = read('docs/operations.md');
const PAGES = {
  'README.md': read('README.md'),
  'docs/operations.md': HANDBOOK,
  'docs/architecture.md': read('docs/architecture.md'),
  'docs/updates.md': read('docs/updates.md'),
};

/** Flags of other programs, in the examples. */
const FOREIGN = ['--rm', '--omit', '--ignore-scripts', '--shm-size', '--data-binary', '--help', '--pdeathsig'];

describe('the handbook', () => {
  test('has every error with its status', () => {
    const table = HANDBOOK.slice(HANDBOOK.indexOf('## Errors'), HANDBOOK.indexOf('## When something is wrong'));
    const rows = [...table.matchAll(/^\| (`.*?`) \| (\d{3}) \|/gm)].flatMap(([, codes = '', status]) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]): [unknown, number] => [code, Number(status)]),
    );
    const known = Object.entries(ERROR_TABLE).map(([code, { status }]): [unknown, number] => [code, status]);
    expect(rows.toSorted()).toEqual(known.toSorted());
  });
});

describe.each(Object.entries(PAGES))('%s', (_page, text) => {
  test('names only options that there are', () => {
    const switches = OPTION_NAMES.filter((name) => CONFIG_OPTIONS[name].kind === 'switch').map(
      (name) => `--no-${name}`,
    );
    const ofCommands = COMMAND_OPTIONS.flatMap(([synopsis]) => synopsis.match(/--\S+/g) ?? []);
    const known = new Set([...OPTION_NAMES.map((name) => `--${name}`), ...switches, ...ofCommands, ...FOREIGN]);
    const named = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((flag) => !known.has(flag))).toEqual([]);
  });

  test('names only environment variables that there are', () => {
    const known = new Set(OPTION_NAMES.map(environmentName));
    const named = [...text.matchAll(/\bECHOSERVE_[A-Z_]*[A-Z]/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
