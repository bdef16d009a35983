import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluateGate } from '../../../src/core/rollout/gates.ts';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell } from '../../helpers/rollout/measurements.ts';
import { measured, options } from './walks.ts';

const at = fc.record({ stage: fc.integer({ min: 1, max: 7 }), afterMs: fc.nat(120_000) });

test('what a gate lets pass was measured, all of it', () => {
  fc.assert(
    fc.property(options, at, measured, fc.boolean(), (how, { stage, afterMs }, wild, tame) => {
      const { state, config, now } = new Life({ ...how, dryRun: true, startPaused: false }).reach('stage', 1);
      const here = { ...state, stage: Math.min(stage, config.stages.length) };
      const rung = config.stages[here.stage - 1];
      // Half of what is tried is well but for its evidence and samples, or else nothing would ever pass.
      const { evidence, liveSamples } = wild;
      const given = tame ? { ...allIsWell(here, now + afterMs), evidence, liveSamples } : wild;
      const { verdict, checks } = evaluateGate(here, given, now + afterMs, config);
      expect(checks.length).toBe(rung?.extended === true ? 7 : 5);
      expect(checks.every(({ passed }) => passed)).toBe(verdict === 'advance');
      if (verdict !== 'advance') return;
      expect(afterMs).toBeGreaterThanOrEqual(rung?.minDwellMs ?? Infinity);
      const shares = Object.values(given.evidence).filter((share) => share !== null);
      expect(shares.length).toBeGreaterThan(0);
      for (const share of shares) expect(share).toBeLessThan(Math.log(2));
      const counted = given.liveSamples + given.recordedPairs + given.syntheticPairs;
      expect(counted).toBeGreaterThanOrEqual(rung?.minSamples ?? Infinity);
      expect(given.probes.at(-1)?.passed).toBe(true);
      if (rung?.extended === true) expect(given.agreement?.pairs).toBeGreaterThanOrEqual(config.agreementPairs);
    }),
    { numRuns: 1000 },
  );
});

test('more samples never make a gate stricter, and more evidence never more lenient', () => {
  const order = ['hold', 'wait', 'advance'];
  fc.assert(
    fc.property(
      fc.nat(60_000),
      fc.nat(1200),
      fc.nat(1200),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (afterMs, live, more, share) => {
        const { state, config, now } = new Life().reach('stage', 1);
        const verdict = (liveSamples: number, live_failures: number) => {
          const well = allIsWell(state, now + afterMs);
          const evidence = { ...well.evidence, live_failures };
          return order.indexOf(evaluateGate(state, { ...well, liveSamples, evidence }, now + afterMs, config).verdict);
        };
        expect(verdict(live, share + 1)).toBeLessThanOrEqual(verdict(live, share));
        if (live + more >= 59) expect(verdict(live + more, share)).toBeGreaterThanOrEqual(verdict(live, share));
      },
    ),
    { numRuns: 500 },
  );
});
