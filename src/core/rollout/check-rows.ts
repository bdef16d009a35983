import { enter } from './entering.ts';
import type { Facts } from './facts.ts';
import { FAILURE_WORDS, fail, failureCounts, pauseFor, rollBack } from './failure.ts';
import type { LogBody } from './log-entry.ts';
import {
  EVIDENCE_COMPONENTS,
  EVIDENCE_REASONS,
  type EvidenceComponent,
  isFailureFinding,
  type LogShares,
} from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { RolloutState } from './rollout-state.ts';
import { type Context, GATED, KEPT, OPEN, PAUSABLE, type Row, row } from './row.ts';

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
      convicts(event.logShare, config.alpha) && failureCounts(state, EVIDENCE_REASONS[event.component]),
    to: ['rolling_back', 'same'],
    what: `${FAILURE_WORDS}; \`evidence_failures\`, \`evidence_pairs\` or \`evidence_time\``,
    log: ({ state, config, event }) => convict(state, config, event.component, event.logShare, event.facts),
  }),
  row({
    on: 'tick',
    from: GATED,
    when: 'π·E ≥ 1/α of a component',
    guard: ({ state, event, config }) => {
      const component = convictingComponent(event.measured.evidence, config);
      return component !== undefined && failureCounts(state, EVIDENCE_REASONS[component]);
    },
    to: ['rolling_back', 'same'],
    what: `as for a verdict: ${FAILURE_WORDS}`,
    log: ({ state, config, event }) => {
      const component = convictingComponent(event.measured.evidence, config);
      return component === undefined ? [] : convict(state, config, component, event.measured.evidence[component]);
    },
  }),
  row({
    on: 'saturated',
    from: GATED,
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
    from: GATED,
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

/** Compared as logarithms, as the evidence itself is: e^ln 100 is not always 100. */
function convicts(logShare: number | null, alpha: number): boolean {
  return logShare !== null && logShare >= -Math.log(alpha);
}

function convictingComponent(evidence: LogShares, { alpha }: RolloutConfig): EvidenceComponent | undefined {
  return EVIDENCE_COMPONENTS.find((component) => convicts(evidence[component], alpha));
}

function convict(
  state: RolloutState,
  config: RolloutConfig,
  component: EvidenceComponent,
  logShare: number | null,
  facts: Facts = {},
): readonly LogBody[] {
  const share = logShare === null ? null : Math.exp(logShare);
  return fail(state, config, EVIDENCE_REASONS[component], { ...facts, component, share, threshold: 1 / config.alpha });
}

/** What was too much at the weight before is not held against this one: only time spent at this weight counts. */
function isSaturated({ state, event, now, config }: Context<'saturated'>): boolean {
  return Math.min(event.forMs, now - state.since) >= config.saturationMs && failureCounts(state, 'capacity');
}
