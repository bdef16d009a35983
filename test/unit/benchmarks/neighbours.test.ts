import { expect, it } from 'vitest';
import { summarize } from '../../../benchmarks/measure/statistics.ts';
import { TINY } from '../../../benchmarks/models/catalog.ts';
import { neighbourFindings, type Result } from '../../../benchmarks/sections/neighbours/results.ts';

function result(quietMs: number, loadMs: number, unloadMs: number): Result {
  const phases = { quiet: summarize([quietMs]), load: summarize([loadMs]), unload: summarize([unloadMs]) };
  return { name: 'EchoServe', model: TINY, ratePerSecond: 100, phases, failed: 0 };
}

it('each operation is judged by itself against the quiet time', () => {
  expect(neighbourFindings([result(10, 12, 13)]).map(({ isMet }) => isMet)).toEqual([true, false]);
});

it('a server that can not keep up when quiet does not pass for undisturbed', () => {
  expect(neighbourFindings([result(3000, 3000, 3000)])).toMatchObject([
    { figure: 'it did not keep up with the rate when quiet', isMet: false },
    { isMet: false },
  ]);
});

it('a server with no undisturbed request does not pass either', () => {
  const { phases, ...rest } = result(1, 1, 1);
  const findings = neighbourFindings([{ ...rest, phases: { ...phases, quiet: summarize([]) } }]);
  expect(findings.map(({ isMet }) => isMet)).toEqual([false, false]);
});
