import { describe, expect, test } from 'vitest';
import { Unexpected } from '../../../src/cli/client.ts';
import { type Check, type Context, Skipped } from '../../../src/cli/validate/check.ts';
import { summary } from '../../../src/cli/validate/report.ts';
import { runChecks } from '../../../src/cli/validate/run-checks.ts';

const SILENT = { group: () => {}, result: () => {} };

function contextWith({ isLoaded = true, signal = new AbortController().signal } = {}): Context {
  // The members that are looked at before a check is run.
  return { subject: { isLoaded }, own: undefined, signal } as unknown as Context;
}

function check(title: string, run: Check['run'], needs?: 'model' | 'own'): Check {
  return needs === undefined ? { title, run } : { title, run, needs };
}

const fine = check('fine', async () => '3 of 3');

async function verdicts(groups: readonly (readonly Check[])[], context = contextWith()) {
  const results = await runChecks(
    groups.map((checks, index) => ({ title: `group ${index}`, checks })),
    context,
    SILENT,
  );
  return { results, summary: summary(results) };
}

describe('the checks of a validation', () => {
  test('tell what they have seen, and those that failed what they saw instead', async () => {
    const failing = check('failing', async () => {
      throw new Unexpected('2 of 3');
    });
    const seen = await verdicts([[fine], [failing, fine]]);
    expect(seen.results.map(({ verdict, words }) => [verdict, words])).toEqual([
      ['passed', '3 of 3'],
      ['failed', '2 of 3'],
      ['passed', '3 of 3'],
    ]);
    expect(seen.summary).toBe('3 checks: 2 passed, 1 failed, 0 skipped');
  });

  test('are skipped, with the reason, where they can not be made', async () => {
    const refused = check('refused', async () => {
      throw new Skipped('not allowed');
    });
    const seen = await verdicts(
      [[fine], [refused, check('model', fine.run, 'model'), check('own', fine.run, 'own')]],
      contextWith({ isLoaded: false }),
    );
    expect(seen.results.slice(1).map(({ verdict }) => verdict)).toEqual(['skipped', 'skipped', 'skipped']);
    expect(seen.results[1]?.words).toBe('not allowed');
    expect(seen.summary).toBe('4 checks: 1 passed, 0 failed, 3 skipped');
  });

  test('are not made on what is no such server', async () => {
    const failing = check('failing', async () => {
      throw new Unexpected('something else answers');
    });
    const seen = await verdicts([[failing], [fine]]);
    expect(seen.results.map(({ verdict }) => verdict)).toEqual(['failed', 'skipped']);
  });

  test('give the place of a fault of their own', async () => {
    const broken = check('broken', async () => {
      throw new TypeError('not a function');
    });
    const seen = await verdicts([[fine], [broken]]);
    expect(seen.results[1]?.words).toMatch(/TypeError: not a function\n\s+at .*run-checks\.test\.ts/);
  });

  test('end with an interruption, which is no failure of a check', async () => {
    const controller = new AbortController();
    const interrupted = check('interrupted', async () => {
      controller.abort(new Error('interrupted'));
      throw new Unexpected('fetch failed');
    });
    await expect(verdicts([[interrupted]], contextWith({ signal: controller.signal }))).rejects.toThrow('interrupted');
  });
});
