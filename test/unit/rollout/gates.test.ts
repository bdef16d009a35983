import { describe, expect, it } from 'vitest';
import type { GateCheck, StageMeasurements } from '../../../src/core/rollout/gate-report.ts';
import { evaluateGate } from '../../../src/core/rollout/gates.ts';
import type { RolloutOptions } from '../../../src/core/rollout/rollout-config.ts';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell, NOTHING_MEASURED, shares } from '../../helpers/rollout/measurements.ts';

/** The gate of a stage, with everything well but what is said. */
function gate(stage: number, afterMs: number, but: Partial<StageMeasurements> = {}, how: RolloutOptions = {}) {
  const { state, config, now } = new Life(how).reach('stage', stage);
  const measured = { ...allIsWell(state, now + afterMs), ...but };
  const report = evaluateGate(state, measured, now + afterMs, config);
  const check = <N extends GateCheck['name']>(name: N) =>
    report.checks.find((one): one is Extract<GateCheck, { name: N }> => one.name === name);
  return { ...report, check, failed: report.checks.filter(({ passed }) => !passed).map(({ name }) => name) };
}

describe('a gate', () => {
  it('lets a stage pass when everything holds', () => {
    expect(gate(1, 5000)).toMatchObject({ verdict: 'advance', failed: [] });
    expect(gate(4, 10_000)).toMatchObject({ verdict: 'advance', failed: [] });
  });

  it('never calls a stage passed that was not measured', () => {
    expect(gate(1, 1e6, NOTHING_MEASURED)).toMatchObject({
      verdict: 'wait',
      failed: ['evidence', 'health_probe', 'samples'],
    });
    expect(gate(4, 1e6, NOTHING_MEASURED).failed).toContain('agreement');
  });

  it('asks for 59 samples, 299 in the extended validation, more of a careful update', () => {
    expect(gate(1, 5000, { liveSamples: 58, recordedPairs: 0 }).check('samples')).toMatchObject({
      passed: false,
      counted: 58,
      needed: 59,
    });
    expect(gate(4, 10_000, { liveSamples: 298, recordedPairs: 0 }).failed).toEqual(['samples']);
    expect(gate(1, 5000, { liveSamples: 298, recordedPairs: 0 }, { profile: 'careful' }).failed).toEqual(['samples']);
  });

  it('counts live answers alone where they come in time, and pairs too where they do not', () => {
    expect(gate(1, 5000, { liveSamples: 12 }).check('samples')).toMatchObject({
      source: 'live',
      counted: 12,
      liveWouldTakeMs: (5000 * 59) / 12,
      passed: false,
    });
    expect(gate(1, 5000, { liveSamples: 2, recordedPairs: 50, syntheticPairs: 7 }).check('samples')).toMatchObject({
      source: 'live_and_pairs',
      counted: 59,
      live: 2,
      passed: true,
    });
    expect(gate(1, 1e6, { liveSamples: 59 }).check('samples')).toMatchObject({ source: 'live', counted: 59 });
    expect(gate(1, 5000, { liveSamples: 0, recordedPairs: 58 }).failed).toEqual(['samples']);
  });

  it('holds at π·E ≥ 2 of any component', () => {
    expect(gate(1, 5000, { evidence: shares(0.6, 1.99) }).verdict).toBe('advance');
    expect(gate(1, 5000, { evidence: shares(0.6, null, 2) }).verdict).toBe('hold');
    expect(gate(1, 5000, { evidence: shares(Number.NaN) })).toMatchObject({ verdict: 'hold' });
  });

  it('wants a health probe of this stage that passed', () => {
    expect(gate(1, 5000, { probes: [{ at: 0, passed: true }] }).failed).toEqual(['health_probe']);
    expect(gate(1, 5000, { probes: [{ at: Infinity, passed: false }] }).failed).toEqual(['health_probe']);
  });

  it('wants three probes in a row, half a second apart', () => {
    const { now } = new Life().reach('stage', 4);
    const probes = (...at: readonly number[]) => at.map((ms) => ({ at: now + ms, passed: ms > 0 }));
    const row = (...at: readonly number[]) => gate(4, 10_000, { probes: probes(...at) }).check('probes_in_row')?.inRow;
    expect(row(1000, 1500, 2000)).toBe(3);
    expect(row(1000, 1499, 2000)).toBe(2);
    expect(row(1000, 1500, 1600, 2000)).toBe(3);
    expect(row(1000, -1, 1500, 2000)).toBe(2);
    const before = [-2000, -1000, 1000].map((ms) => ({ at: now + ms, passed: true }));
    expect(gate(4, 10_000, { probes: before }).check('probes_in_row')?.inRow).toBe(1);
  });

  it('asks a person when the versions differ by more than they may', () => {
    const agreement = { pairs: 20, top1: 0.79, maxAbsoluteDifference: 1e9, cosine: 0.89 };
    expect(gate(4, 10_000, { agreement })).toMatchObject({ verdict: 'ask' });
    expect(gate(4, 10_000, { agreement }).check('agreement')?.crossed).toEqual(['top1']);
    const both = gate(4, 10_000, { agreement }, { driftLimits: { minCosine: 0.9 } });
    expect(both.check('agreement')?.crossed).toEqual(['top1', 'cosine']);
    const limited = { driftLimits: { maxAbsoluteDifference: 1, minTop1Agreement: null, minCosine: null } };
    expect(gate(4, 10_000, { agreement }, limited).check('agreement')?.crossed).toEqual(['maxAbsoluteDifference']);
  });

  it('does not judge agreement by a few pairs, nor by figures that a model has not', () => {
    const few = { pairs: 19, top1: 0, maxAbsoluteDifference: null, cosine: -1 };
    expect(gate(4, 10_000, { agreement: few })).toMatchObject({ verdict: 'wait', failed: ['agreement'] });
    const numbers = { pairs: 20, top1: null, maxAbsoluteDifference: 0.1, cosine: 0.95 };
    expect(gate(4, 10_000, { agreement: numbers }).verdict).toBe('advance');
    const broken = { pairs: 20, top1: null, maxAbsoluteDifference: NaN, cosine: NaN };
    expect(gate(4, 10_000, { agreement: broken }, { driftLimits: { minCosine: 0.9 } }).verdict).toBe('ask');
  });

  it('of the bake asks for its time, evidence and health, not for samples', () => {
    const { state, config, now } = new Life({ bakeMs: 30_000 }).reach('baking');
    const measured = { ...allIsWell(state, now + 30_000), liveSamples: 0, recordedPairs: 0 };
    expect(evaluateGate(state, measured, now + 29_999, config).verdict).toBe('wait');
    expect(evaluateGate(state, measured, now + 30_000, config).verdict).toBe('advance');
  });

  it('can be written as JSON whatever was measured', () => {
    const wild = { live_failures: Infinity, paired_failures: NaN, cpu_time: -Infinity, wall_time: null };
    const { verdict, checks } = gate(4, 10_000, {
      evidence: wild,
      agreement: { pairs: 20, top1: NaN, maxAbsoluteDifference: Infinity, cosine: -Infinity },
    });
    expect(JSON.parse(JSON.stringify({ verdict, checks }))).toEqual({ verdict, checks });
  });
});
