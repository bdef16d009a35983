import { finite } from '../../core/rollout/facts.ts';
import { EVIDENCE_COMPONENTS } from '../../core/rollout/reasons.ts';
import type { RolloutCounters } from '../../serving/rollouts/service.ts';
import type { RolloutView } from '../../serving/rollouts/views.ts';
import { labels, type MetricDescription, type Sample } from './exposition.ts';

interface RolloutCounter extends MetricDescription {
  readonly read: (counters: RolloutCounters) => readonly Sample[];
}

interface RolloutGauge extends MetricDescription {
  readonly read: (view: RolloutView) => readonly Sample[];
}

/** Totals of the whole server. Each outcome and reason is there from the start. */
export const ROLLOUT_COUNTERS: readonly RolloutCounter[] = [
  counter('rollout_attempts_total', 'Updates that were begun.', ({ attempts }) => [{ labels: '', value: attempts }]),
  counter('rollouts_total', 'Updates that ended, by outcome.', ({ completed, rolledBack, aborted }) => [
    { labels: labels({ outcome: 'completed' }), value: completed },
    { labels: labels({ outcome: 'rolled_back' }), value: rolledBack },
    { labels: labels({ outcome: 'aborted' }), value: aborted },
  ]),
  counter('rollbacks_total', 'Updates that were rolled back or aborted, by reason.', ({ rollbacksByReason }) =>
    Object.entries(rollbacksByReason).map(([reason, value]) => ({ labels: labels({ reason }), value })),
  ),
  counter(
    'fallbacks_total',
    'Requests that a new version failed, by what came of them on the old one.',
    ({ fallbacksAnswered, fallbacksFailed }) => [
      { labels: labels({ outcome: 'answered' }), value: fallbacksAnswered },
      { labels: labels({ outcome: 'failed' }), value: fallbacksFailed },
    ],
  ),
];

/** Of updates under way: the series of a model go when its update has ended. */
export const ROLLOUT_GAUGES: readonly RolloutGauge[] = [
  gauge('rollout_weight', "Share of the model's unpinned traffic by version.", (view) =>
    [view.old, view.new].map(({ version, weight }) => ({
      labels: labels({ model: view.modelId, version }),
      value: weight / 100,
    })),
  ),
  gauge('rollout_stage', 'Stage that the update is in; 0 before the first.', ({ modelId, stage }) => [
    { labels: labels({ model: modelId }), value: stage },
  ]),
  // What was not measured is no evidence of 0.
  gauge('rollout_evidence', 'Evidence against the new version; rolled back at 1/alpha.', ({ modelId, evidence }) =>
    EVIDENCE_COMPONENTS.flatMap((component) => {
      const logShare = evidence[component];
      if (logShare === null) return [];
      return [{ labels: labels({ model: modelId, component }), value: finite(Math.exp(logShare), 0) }];
    }),
  ),
  gauge('rollout_fallbacks', 'Fallbacks of the update, by what came of them.', ({ modelId, fallbacks }) => [
    { labels: labels({ model: modelId, outcome: 'answered' }), value: fallbacks.answered },
    { labels: labels({ model: modelId, outcome: 'failed' }), value: fallbacks.failed },
  ]),
];

function counter(name: string, help: string, read: RolloutCounter['read']): RolloutCounter {
  return { name: `echoserve_${name}`, help, type: 'counter', read };
}

function gauge(name: string, help: string, read: RolloutGauge['read']): RolloutGauge {
  return { name: `echoserve_${name}`, help, type: 'gauge', read };
}
