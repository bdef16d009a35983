import { enter } from './entering.ts';
import { FAILURE_WORDS, fail, failureCounts, pauseFor, rollBack } from './failure.ts';
import {
  EVIDENCE_COMPONENTS,
  EVIDENCE_REASONS,
  type EvidenceComponent,
  type EvidenceReason,
  isFailureFinding,
} from './reasons.ts';
import { type Context, KEPT, OPEN, PAUSABLE, type Row, row } from './row.ts';

/** What is found out about the new version: deterministic findings, evidence, saturation, and what hooks say. */
export const CHECK_ROWS: readonly Row[] = [
  row({
    on: 'finding',
    from: KEPT,
    when: 'a failure, not accepted by a person',
    guard: ({ state, event }) => isFailureFinding(event.finding) && failureCounts(state, event.finding),
    to: ['rolling_back', 'same'],
    what: `${FAILURE_WORDS}; the reason is the finding`,
    log: ({ state, config, event }) =>
      isFailureFinding(event.finding) ? fail(state, config, event.finding, event.facts) : [],
  }),
  row({
    on: 'finding',
    from: ['pending', 'loading', 'draining'],
    when: 'a failure, not accepted by a person',
    guard: ({ state, event }) => isFailureFinding(event.finding) && failureCounts(state, event.finding),
    to: ['rolling_back'],
    what: 'rolled back; the reason is the finding',
    log: ({ event }) => (isFailureFinding(event.finding) ? rollBack(event.finding, event.facts) : []),
  }),
  row({
    on: 'finding',
    from: PAUSABLE,
    when: 'a question, not paused, not accepted by a person',
    guard: ({ state, event }) =>
      !isFailureFinding(event.finding) && state.pause === null && !state.accepted.includes(event.finding),
    to: ['same'],
    what: 'paused; the reason is the finding',
    log: ({ event }) => (isFailureFinding(event.finding) ? [] : pauseFor(event.finding, event.facts)),
  }),
  row({
    on: 'verdict',
    from: KEPT,
    when: 'π·E ≥ 1/α',
    guard: ({ state, event, config }) =>
      convicts(event.weighted, config.alpha) && failureCounts(state, EVIDENCE_REASONS[event.component]),
    to: ['rolling_back', 'same'],
    what: `${FAILURE_WORDS}; \`evidence_failures\`, \`evidence_pairs\` or \`evidence_time\``,
    log: ({ state, config, event }) =>
      fail(state, config, EVIDENCE_REASONS[event.component], {
        ...event.facts,
        weighted: event.weighted,
        threshold: 1 / config.alpha,
      }),
  }),
  row({
    on: 'tick',
    from: ['stage', 'baking'],
    when: 'π·E ≥ 1/α of a component',
    guard: ({ state, event, config }) => {
      const convicted = convictedBy(event.measured.evidence, config.alpha);
      return convicted !== undefined && failureCounts(state, convicted.reason);
    },
    to: ['rolling_back', 'same'],
    what: `as for a verdict: ${FAILURE_WORDS}`,
    log: ({ state, config, event }) => {
      const convicted = convictedBy(event.measured.evidence, config.alpha);
      if (convicted === undefined) return [];
      const { reason, weighted } = convicted;
      return fail(state, config, reason, { weighted, threshold: 1 / config.alpha });
    },
  }),
  row({
    on: 'saturated',
    from: ['stage', 'baking'],
    when: 'for `saturationMs` at this weight, not yet stepped back, a stage below',
    guard: (context) => isSaturated(context) && context.state.stepBacks === 0 && context.state.stage > 1,
    to: ['stage'],
    what: 'back one stage, `saturated`',
    log: ({ state, event }) => [
      enter('stage', state.stage - 1, 'saturated', { ...event.facts, saturatedMs: event.forMs }),
    ],
  }),
  row({
    on: 'saturated',
    from: ['stage', 'baking'],
    when: 'for `saturationMs` at this weight, again or with no stage below',
    guard: isSaturated,
    to: ['rolling_back', 'same'],
    what: `${FAILURE_WORDS}; \`capacity\``,
    log: ({ state, config, event }) => fail(state, config, 'capacity', { ...event.facts, saturatedMs: event.forMs }),
  }),
  row({
    on: 'hook',
    from: OPEN,
    when: 'it says roll back',
    guard: ({ event }) => event.answer === 'rollback',
    to: ['rolling_back'],
    what: 'rolled back, `hook`',
    log: ({ event }) => rollBack('hook', { hook: event.name }),
  }),
  row({
    on: 'hook',
    from: PAUSABLE,
    when: 'it says pause, not paused',
    guard: ({ state, event }) => event.answer === 'pause' && state.pause === null,
    to: ['same'],
    what: 'paused, `hook`',
    log: ({ event }) => pauseFor('hook', { hook: event.name }),
  }),
];

function convicts(weighted: number | null, alpha: number): weighted is number {
  return weighted !== null && weighted >= 1 / alpha;
}

function convictedBy(
  evidence: Readonly<Record<EvidenceComponent, number | null>>,
  alpha: number,
): { readonly reason: EvidenceReason; readonly weighted: number } | undefined {
  for (const component of EVIDENCE_COMPONENTS) {
    const weighted = evidence[component];
    if (convicts(weighted, alpha)) return { reason: EVIDENCE_REASONS[component], weighted };
  }
  return undefined;
}

/** What was too much at the weight before is not held against this one: only time spent at this weight counts. */
function isSaturated({ state, event, now, config }: Context<'saturated'>): boolean {
  return Math.min(event.forMs, now - state.since) >= config.saturationMs && failureCounts(state, 'capacity');
}
