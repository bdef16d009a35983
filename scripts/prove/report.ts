import { renderTable } from '../../benchmarks/report/markdown.ts';
import { type Claim, claimsOf, type Measured } from './claims.ts';
import type { ProveOptions } from './options.ts';
import type { Run } from './run-updates.ts';
import { clientSide, falseRollbacks, type KindSummary, type Quantiles, summarise } from './summary.ts';

/** Failures that are quoted, of each sort. */
const QUOTED = 10;

interface ReportParts {
  readonly options: Pick<ProveOptions, 'models' | 'ratePerSecond'>;
  readonly circumstances: Readonly<Record<string, string>>;
  readonly measured: Measured;
}

/** The text of docs/proof.md. */
export function renderReport({ options, circumstances, measured }: ReportParts): string {
  const { run, idle } = measured;
  const summaries = summarise(run.results);
  const claims = claimsOf(measured);
  const blocks = [
    '# Updates, proved on real models',
    `Written by \`npm run prove\`; do not edit it here. The real server, ${options.models} models side by side (${options.models - 1} of some 30 µs, asked ${options.ratePerSecond} times a second each, and one of 4 ms), each updated again and again while it is asked at a constant rate, whatever the server does. Each answer is checked: no input comes twice, and every version answers each input with another number.`,
    'All seven stages, with 20 answers of the new version at each, 20 pairs for failures and 20 for time before the first, and a bake of 500 ms. The faults are in the model files, met by inputs that health checks do not make up, so that every bad version is loaded and found well before it is updated to.',
    table(['', ''], Object.entries(circumstances)),
    '## Claims',
    table(['claim', 'measured', ''], claims.map(claimRow)),
    '## By kind',
    table(['new version', 'updates', 'completed', 'rolled back', 'paused', 'reasons'], summaries.map(outcomeRow)),
    'What clients saw, and what they did not see: answers of the old version to what the new one had failed, in one update (median, 95th percentile).',
    table(
      ['new version', 'requests', 'errors', 'wrong', 'lost', 'covered by the old version'],
      summaries.map(clientRow),
    ),
    'How long it took (median, 95th percentile). Before traffic: rolled back on pairs or probes alone, before any request went to the new version.',
    table(['new version', 'whole update', 'first stage to rollback', 'before traffic'], summaries.map(timeRow)),
    ...falseRollbackText(summaries),
    `In all, ${clientSide(run.tallies).requests} requests in ${Math.round(run.durationMs / 1000)} s, those between updates included.`,
    '## A model that nobody asks',
    `Updated as it is by default, after the others: ${idle.outcome} after ${Math.round(idle.durationMs / 1000)} s, on ${idle.madeUpPairs} comparisons on made-up inputs and ${idle.liveAnswers} answers to clients, as its events say.`,
    ...failureText(run),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function falseRollbackText(summaries: readonly KindSummary[]): string[] {
  const { updates, rolledBack, interval } = falseRollbacks(summaries);
  if (updates === 0) return [];
  return [
    `Of ${updates} updates to good and identical versions ${rolledBack} were rolled back (95 % interval by Wilson: ${share(interval.lower)} to ${share(interval.upper)}).`,
  ];
}

function failureText({ stuck, tallies, results }: Run): string[] {
  const failures = [
    ...stuck,
    ...results
      .filter(({ rollout }) => rollout.pause !== null)
      .map(({ kind, rollout }) => `${kind.name} was paused: ${rollout.pause?.reason}`),
    ...tallies.flatMap(({ faults }) => faults).slice(0, QUOTED),
  ];
  return failures.length === 0 ? [] : ['## What went wrong', failures.map((failure) => `- \`${failure}\``).join('\n')];
}

function claimRow({ text, measured, holds }: Claim): string[] {
  return [text, measured, holds ? 'holds' : '**does not hold**'];
}

function outcomeRow({ kind, updates, completed, rolledBack, paused, reasons }: KindSummary): string[] {
  const named = Object.entries(reasons).map(([reason, count]) => `\`${reason}\` ${count}`);
  return [label(kind), ...[updates, completed, rolledBack, paused].map(String), named.join(', ') || '–'];
}

function clientRow({ kind, requests, errors, wrong, lost, covered }: KindSummary): string[] {
  return [label(kind), ...[requests, errors, wrong, lost].map(String), pair(covered, String)];
}

function timeRow({ kind, durationMs, underTrafficMs, beforeTraffic }: KindSummary): string[] {
  return [label(kind), pair(durationMs, seconds), pair(underTrafficMs, seconds), String(beforeTraffic)];
}

function label({ name, description }: KindSummary['kind']): string {
  return `${name}: ${description}`;
}

function pair({ median, p95 }: Quantiles, format: (value: number) => string): string {
  return median === undefined || p95 === undefined ? '–' : `${format(median)} (${format(p95)})`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function share(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return renderTable({ caption: '', columns, rows });
}
