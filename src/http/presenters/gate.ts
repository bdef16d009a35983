import type { z } from 'zod';
import { snakeCase, snakeMembers } from '../../core/casing.ts';
import type { GateCheck, GateReport } from '../../core/rollout/gate-report.ts';
import { EVIDENCE_COMPONENTS, type LogShares } from '../../core/rollout/reasons.ts';
import type { Gate } from '../schemas/gate.ts';
import { writableOrNull } from './units.ts';

type WireGate = z.output<typeof Gate>;
type WireCheck = WireGate['checks'][number];

export function presentGate(gate: GateReport): WireGate {
  return { verdict: gate.verdict, checks: gate.checks.map(presentCheck) };
}

function presentCheck(check: GateCheck): WireCheck {
  if (check.name === 'agreement') {
    const { measured, crossed, ...rest } = check;
    return {
      ...snakeMembers(rest),
      measured: measured === null ? null : snakeMembers(measured),
      crossed: crossed.map(snakeCase),
    };
  }
  if (check.name === 'evidence') {
    const { logShares, largest, ...rest } = check;
    return { ...rest, log_shares: presentLogShares(logShares), largest: writableOrNull(largest) };
  }
  return snakeMembers(check);
}

function presentLogShares(shares: LogShares) {
  const entries = EVIDENCE_COMPONENTS.map((component) => [component, writableOrNull(shares[component])]);
  // The entries are those of the list of all components.
  return Object.fromEntries(entries) as { [K in keyof LogShares]: number | null };
}
