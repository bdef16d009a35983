import { standingHoldCause } from './evolve.ts';
import { finite } from './facts.ts';
import type { Agreement, GateCheck, GateReport, StageMeasurements } from './gate-report.ts';
import type { EvidenceComponent, LogShares } from './reasons.ts';
import type { DriftLimits, RolloutConfig } from './rollout-config.ts';
import type { RolloutState } from './rollout-state.ts';
import type { Stage } from './stage-table.ts';

/** π·E of 2: where the ramp waits for more evidence. */
export const EVIDENCE_HOLD = Math.log(2);
export const PROBES_IN_ROW = 3;
export const PROBES_APART_MS = 500;

type CheckOf<N extends GateCheck['name']> = Extract<GateCheck, { readonly name: N }>;

/**
 * Whether the stage, or the bake, may end now, and by which numbers. What was not measured is never passed.
 *
 * @param now epoch milliseconds, as everywhere in a rollout
 */
export function evaluateGate(
  state: RolloutState,
  measured: StageMeasurements,
  now: number,
  config: RolloutConfig,
): GateReport {
  const stage = config.stages[state.stage - 1];
  const common = [
    availabilityCheck(state),
    dwellCheck(now - state.since, state.phase === 'baking' ? config.bakeMs : (stage?.minDwellMs ?? 0)),
    evidenceCheck(measured),
    healthProbeCheck(measured, state.since),
  ];
  const checks =
    state.phase === 'stage' && stage !== undefined
      ? [...common, ...stageChecks(stage, state, measured, now, config)]
      : common;
  return { verdict: verdictOf(checks, state), checks };
}

/** `ask` comes first: what a person has to look at does not become clearer by waiting. */
function verdictOf(checks: readonly GateCheck[], state: RolloutState): GateReport['verdict'] {
  if (checks.some((check) => isCrossed(check) && !state.accepted.includes('drift'))) return 'ask';
  if (checks.some((check) => check.name === 'evidence' && !check.passed && check.largest !== null)) return 'hold';
  if (standingHoldCause(state) !== undefined) return 'hold';
  const accepted = (check: GateCheck) => isCrossed(check) && state.accepted.includes('drift');
  return checks.every((check) => check.passed || accepted(check)) ? 'advance' : 'wait';
}

function isCrossed(check: GateCheck): boolean {
  return check.name === 'agreement' && check.crossed.length > 0;
}

function stageChecks(
  stage: Stage,
  state: RolloutState,
  measured: StageMeasurements,
  now: number,
  config: RolloutConfig,
): GateCheck[] {
  const samples = samplesCheck(measured, stage.minSamples, now - state.since, config.liveSamplesMs);
  if (!stage.extended) return [samples];
  return [samples, probesInRowCheck(measured, state.since), agreementCheck(measured, config)];
}

function availabilityCheck(state: RolloutState): CheckOf<'availability'> {
  const waitsFor = standingHoldCause(state) ?? null;
  return { name: 'availability', passed: waitsFor === null, waitsFor };
}

function dwellCheck(elapsedMs: number, neededMs: number): CheckOf<'dwell'> {
  return { name: 'dwell', passed: elapsedMs >= neededMs, elapsedMs, neededMs };
}

/**
 * Live answers count alone as long as they would suffice within `liveSamplesMs`; beyond that, pairs complete the count.
 * With 12 live answers in the first 5 s, 59 take 24.6 s: no pair counts. With 2 they would take 147 s: all do.
 */
function samplesCheck(
  { liveSamples: live, recordedPairs, syntheticPairs }: StageMeasurements,
  needed: number,
  elapsedMs: number,
  liveSamplesMs: number,
): CheckOf<'samples'> {
  const liveWouldTakeMs = live > 0 ? (elapsedMs * needed) / live : null;
  const tooSlow = live < needed && (liveWouldTakeMs === null || liveWouldTakeMs > liveSamplesMs);
  const counted = tooSlow ? live + recordedPairs + syntheticPairs : live;
  const source = tooSlow ? 'live_and_pairs' : 'live';
  const passed = counted >= needed;
  return { name: 'samples', passed, source, counted, needed, live, recordedPairs, syntheticPairs, liveWouldTakeMs };
}

/** Evidence that is not a number is no evidence that all is well. */
function evidenceCheck({ evidence }: StageMeasurements): CheckOf<'evidence'> {
  const written = (component: EvidenceComponent) => {
    const value = evidence[component];
    return value === null ? null : finite(value, Number.MAX_VALUE);
  };
  const logShares: LogShares = {
    live_failures: written('live_failures'),
    paired_failures: written('paired_failures'),
    cpu_time: written('cpu_time'),
    wall_time: written('wall_time'),
  };
  const values = Object.values(logShares).filter((value) => value !== null);
  const largest = values.length === 0 ? null : Math.max(...values);
  const passed = largest !== null && largest < EVIDENCE_HOLD;
  return { name: 'evidence', passed, logShares, largest, limit: EVIDENCE_HOLD };
}

function healthProbeCheck({ probes }: StageMeasurements, since: number): CheckOf<'health_probe'> {
  const last = probes.at(-1);
  const fresh = last !== undefined && last.at >= since;
  return { name: 'health_probe', passed: fresh && last.passed, lastAt: fresh ? last.at : null };
}

/** Probes closer together than they should be count as one, and one that failed ends the row. */
function probesInRowCheck({ probes }: StageMeasurements, since: number): CheckOf<'probes_in_row'> {
  let inRow = 0;
  let later = Infinity;
  for (const probe of probes.toReversed()) {
    if (!probe.passed || probe.at < since) break;
    if (later - probe.at < PROBES_APART_MS) continue;
    inRow += 1;
    later = probe.at;
  }
  const passed = inRow >= PROBES_IN_ROW;
  return { name: 'probes_in_row', passed, inRow, needed: PROBES_IN_ROW, apartMs: PROBES_APART_MS };
}

/** What can not be compared differs as much as can be. */
function writtenAgreement({ pairs, top1, maxAbsoluteDifference, cosine }: Agreement): Agreement {
  return {
    pairs,
    top1: top1 === null ? null : finite(top1, 0),
    maxAbsoluteDifference: maxAbsoluteDifference === null ? null : finite(maxAbsoluteDifference, Number.MAX_VALUE),
    cosine: cosine === null ? null : finite(cosine, -1),
  };
}

function agreementCheck({ agreement }: StageMeasurements, config: RolloutConfig): CheckOf<'agreement'> {
  const measured = agreement === null ? null : writtenAgreement(agreement);
  const neededPairs = config.agreementPairs;
  const enough = measured !== null && measured.pairs >= neededPairs;
  const crossed = enough ? crossedLimits(measured, config.driftLimits) : [];
  return { name: 'agreement', passed: enough && crossed.length === 0, measured, neededPairs, crossed };
}

function crossedLimits(measured: Agreement, limits: DriftLimits): readonly string[] {
  const isBelow = (value: number | null, least: number | null) => value !== null && least !== null && value < least;
  return [
    ...(isBelow(measured.top1, limits.minTop1Agreement) ? ['top1'] : []),
    ...(isBelow(limits.maxAbsoluteDifference, measured.maxAbsoluteDifference) ? ['maxAbsoluteDifference'] : []),
    ...(isBelow(measured.cosine, limits.minCosine) ? ['cosine'] : []),
  ];
}
