import { expect, test } from 'vitest';
import { createPrometheus } from '../../../src/adapters/telemetry/prometheus.ts';
import { ROLLBACK_REASONS } from '../../../src/core/rollout/reasons.ts';
import { FakeRollouts, rolloutView } from '../../helpers/http/fake-rollouts.ts';
import { Serving } from '../../helpers/serving/serving.ts';

async function textOf(rollouts: FakeRollouts): Promise<string> {
  await using serving = new Serving();
  return (await createPrometheus(serving.manager, rollouts).render()).text;
}

test('an update under way is told by its model: weights, stage, evidence and fallbacks', async () => {
  const rollouts = new FakeRollouts();
  rollouts.views = [rolloutView({ modelId: 'lab/iris', fallbacks: { answered: 3, failed: 1 } })];
  const lines = (await textOf(rollouts)).split('\n');
  for (const line of [
    'echoserve_rollout_weight{model="lab/iris",version="1"} 0.95',
    'echoserve_rollout_weight{model="lab/iris",version="2"} 0.05',
    'echoserve_rollout_stage{model="lab/iris"} 1',
    `echoserve_rollout_evidence{model="lab/iris",component="live_failures"} ${Math.exp(Math.log(4))}`,
    `echoserve_rollout_evidence{model="lab/iris",component="paired_failures"} ${Number.MAX_VALUE}`,
    'echoserve_rollout_fallbacks{model="lab/iris",outcome="answered"} 3',
    'echoserve_rollout_fallbacks{model="lab/iris",outcome="failed"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  // What was not measured is no evidence of 0.
  expect(lines.filter((line) => line.includes('component="wall_time"'))).toEqual([]);
});

test('the series of a model go when its update has ended', async () => {
  const rollouts = new FakeRollouts();
  rollouts.views = [rolloutView({ outcome: 'completed', phase: 'completed' })];
  expect(await textOf(rollouts)).not.toMatch(/^echoserve_rollout_\w+\{model=/m);
});

test('attempts, outcomes and reasons are counted apart, each there from the start', async () => {
  const rollouts = new FakeRollouts();
  const before = await textOf(rollouts);
  for (const reason of ROLLBACK_REASONS) expect(before).toContain(`echoserve_rollbacks_total{reason="${reason}"} 0\n`);
  const { rollbacksByReason } = rollouts.counters();
  rollouts.counts = {
    attempts: 7,
    completed: 3,
    rolledBack: 2,
    aborted: 1,
    rollbacksByReason: { ...rollbacksByReason, evidence_pairs: 2, aborted: 1 },
    fallbacksAnswered: 5,
    fallbacksFailed: 4,
  };
  const lines = (await textOf(rollouts)).split('\n');
  for (const line of [
    'echoserve_rollout_attempts_total 7',
    'echoserve_rollouts_total{outcome="completed"} 3',
    'echoserve_rollouts_total{outcome="rolled_back"} 2',
    'echoserve_rollouts_total{outcome="aborted"} 1',
    'echoserve_rollbacks_total{reason="evidence_pairs"} 2',
    'echoserve_rollbacks_total{reason="aborted"} 1',
    'echoserve_fallbacks_total{outcome="answered"} 5',
    'echoserve_fallbacks_total{outcome="failed"} 4',
  ]) {
    expect(lines).toContain(line);
  }
});
