import { DEFAULT_TOLERANCE, NO_EVIDENCE, record } from '../../../src/core/rollout/evidence/evidence.ts';
import { needsAnotherRun, settledTimeMs } from '../../../src/core/rollout/evidence/timing-runs.ts';
import { judge } from '../../../src/core/rollout/evidence/verdict.ts';
import type { RandomSource } from '../../../src/core/traffic/assignment.ts';
import { logNormal } from './random.ts';

const OLD_MS = 20;
const NOISE = 0.1;
const COLD_FACTOR = 2;

/** The times of one input on both versions: the first run is cold, the others scatter by 10 %. */
export function timesOfPair(slowdown: number, random: RandomSource): readonly [newMs: number, oldMs: number] {
  return [settled(OLD_MS * slowdown, random), settled(OLD_MS, random)];
}

function settled(meanMs: number, random: RandomSource): number {
  const runs: number[] = [];
  while (needsAnotherRun(runs)) runs.push(meanMs * (runs.length === 0 ? COLD_FACTOR : 1) * logNormal(random, NOISE));
  return settledTimeMs(runs) ?? meanMs;
}

/** How many pairs of processor times a verdict takes. Undefined: none after `most` pairs. */
export function pairsUntilSlow(slowdown: number, most: number, random: RandomSource): number | undefined {
  let evidence = NO_EVIDENCE;
  for (let pair = 1; pair <= most; pair += 1) {
    const [newMs, oldMs] = timesOfPair(slowdown, random);
    evidence = record(evidence, { kind: 'cpu_time', newMs, oldMs, stage: 0 }, DEFAULT_TOLERANCE);
    if (judge(evidence, 0.01).verdict === 'roll_back') return pair;
  }
  return undefined;
}
