import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { GateReport } from '../../src/core/rollout/gate-report.ts';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { rolloutView } from '../helpers/http/fake-rollouts.ts';
import { start } from '../helpers/http/start.ts';
import { versionView } from '../helpers/http/views.ts';

const BASE = '/api/v1/model_serving';
const ROLLOUTS = `${BASE}/rollouts`;

const SHARES = { live_failures: 1, paired_failures: Number.POSITIVE_INFINITY, cpu_time: null, wall_time: null };

const GATE: GateReport = {
  verdict: 'ask',
  checks: [
    { name: 'availability', passed: true, waitsFor: null },
    { name: 'dwell', passed: true, elapsedMs: 5000, neededMs: 5000 },
    {
      name: 'samples',
      passed: true,
      source: 'live_and_pairs',
      counted: 59,
      needed: 59,
      live: 2,
      recordedPairs: 7,
      syntheticPairs: 50,
      liveWouldTakeMs: 147_500,
    },
    { name: 'evidence', passed: false, logShares: SHARES, largest: Number.POSITIVE_INFINITY, limit: Math.log(2) },
    { name: 'health_probe', passed: true, lastAt: 1_700_000_000_000 },
    { name: 'probes_in_row', passed: true, inRow: 3, needed: 3, apartMs: 500 },
    {
      name: 'agreement',
      passed: false,
      measured: { pairs: 20, top1: 0.5, maxAbsoluteDifference: 2, cosine: null },
      neededPairs: 20,
      crossed: ['top1', 'maxAbsoluteDifference'],
    },
  ],
};

describe('an update', () => {
  it('is described in the words of the wire', async () => {
    await using server = await start();
    server.rollouts.views = [rolloutView()];
    const response = await server.app.inject(`${ROLLOUTS}/r-1`);
    expect(response.statusCode).toBe(200);
    const body = response.json();
    expect(body).toMatchObject({
      rollout_id: 'r-1',
      model_id: 'iris',
      from_version: '1',
      to_version: '2',
      state: 'stage',
      stage: 1,
      stages: [
        { percent: 5, min_dwell_ms: 5000, min_samples: 59, extended: false },
        { percent: 100, min_dwell_ms: 10_000, min_samples: 59, extended: false },
      ],
      outcome: null,
      traffic: {
        old: { version: '1', weight: 0.95, ready: true, samples: 190, failures: 0, compute_p50_ms: 2 },
        new: { version: '2', weight: 0.05, ready: true, samples: 10, failures: 1, compute_p99_ms: null },
      },
      rollback: null,
      pause: null,
      hold: null,
      breaker_open: false,
      created_at: '2023-11-14T22:13:20.000Z',
      since: '2023-11-14T22:13:21.000Z',
      ended_at: null,
      deadline: { of: 'stage', at: '2023-11-14T22:13:22.000Z' },
      gate: null,
      pairs: { run: 59, new_only_failed: 1, old_only_failed: 0, timed: 20 },
      fallbacks: { answered: 1, failed: 0 },
      last_event: 4,
    });
    expect(body.strategy).toMatchObject({
      alpha: 0.01,
      stages: body.stages,
      drift_limits: { min_top1_agreement: 0.8, max_absolute_difference: null, min_cosine: null },
      deadlines_ms: { rolling_back: 60_000 },
      on_failure: 'rollback',
      keep_previous_ms: 600_000,
    });
  });

  it('tells its evidence as a share, one beyond all numbers as the largest', async () => {
    await using server = await start();
    server.rollouts.views = [rolloutView()];
    const { evidence } = (await server.app.inject(`${ROLLOUTS}/r-1`)).json();
    expect(evidence.live_failures.share).toBeCloseTo(4);
    expect(evidence.live_failures.log_share).toBe(Math.log(4));
    expect(evidence.paired_failures).toEqual({ share: Number.MAX_VALUE, log_share: 5000 });
    expect(evidence.wall_time).toEqual({ share: null, log_share: null });
    expect(evidence.threshold).toBe(100);
  });

  it('tells what its gate was judged by', async () => {
    await using server = await start();
    server.rollouts.views = [rolloutView({ gate: GATE })];
    const response = await server.app.inject(`${ROLLOUTS}/r-1`);
    expect(response.statusCode).toBe(200);
    const { verdict, checks } = response.json().gate;
    expect(verdict).toBe('ask');
    expect(checks.map((check: { name: string }) => check.name)).toEqual(GATE.checks.map((check) => check.name));
    expect(checks[0]).toEqual({ name: 'availability', passed: true, waits_for: null });
    expect(checks[2]).toMatchObject({ recorded_pairs: 7, synthetic_pairs: 50, live_would_take_ms: 147_500 });
    expect(checks[3]).toMatchObject({
      log_shares: { live_failures: 1, paired_failures: Number.MAX_VALUE, cpu_time: null },
      largest: Number.MAX_VALUE,
    });
    expect(checks[6]).toEqual({
      name: 'agreement',
      passed: false,
      measured: { pairs: 20, top1: 0.5, max_absolute_difference: 2, cosine: null },
      needed_pairs: 20,
      crossed: ['top1', 'max_absolute_difference'],
    });
  });

  it('tells why it stopped, and the numbers behind that', async () => {
    await using server = await start();
    server.rollouts.views = [
      rolloutView({
        phase: 'rolled_back',
        outcome: 'rolled_back',
        rollbackReason: 'evidence_pairs',
        rollbackFacts: { logShare: Number.POSITIVE_INFINITY, newOnlyFailed: 9, component: 'paired_failures' },
        pause: { reason: 'drift', since: 1_700_000_000_000, withdrawn: true },
        hold: { cause: 'breaker', since: 1_700_000_000_000 },
        endedAt: 1_700_000_005_000,
        deadline: undefined,
      }),
    ];
    expect((await server.app.inject(`${ROLLOUTS}/r-1`)).json()).toMatchObject({
      outcome: 'rolled_back',
      rollback: {
        reason: 'evidence_pairs',
        facts: { log_share: Number.MAX_VALUE, new_only_failed: 9, component: 'paired_failures' },
      },
      pause: { reason: 'drift', since: '2023-11-14T22:13:20.000Z', withdrawn: true },
      hold: { cause: 'breaker', since: '2023-11-14T22:13:20.000Z' },
      ended_at: '2023-11-14T22:13:25.000Z',
      deadline: null,
    });
  });
});

describe('updates', () => {
  it('are listed, all or those of a model', async () => {
    await using server = await start();
    server.rollouts.views = [rolloutView(), rolloutView({ id: 'r-2', modelId: 'lab/rose' })];
    const ids = async (query: string) =>
      (await server.app.inject(`${ROLLOUTS}${query}`))
        .json()
        .rollouts.map((each: { rollout_id: string }) => each.rollout_id);
    expect(await ids('')).toEqual(['r-1', 'r-2']);
    expect(await ids('?model_id=lab/rose')).toEqual(['r-2']);
  });

  it.each(['?model=iris', '?model_id=../iris', '?model_id='])('are not listed by %s', async (query) => {
    await using server = await start();
    expect((await server.app.inject(`${ROLLOUTS}${query}`)).statusCode).toBe(400);
  });

  it('under way are told with the models, the status and the health, and ended ones are not', async () => {
    await using server = await start({}, new FakeModelServing([versionView(), versionView({ modelId: 'rose' })]));
    server.rollouts.views = [rolloutView(), rolloutView({ id: 'r-0', modelId: 'rose', outcome: 'completed' })];
    const get = async (url: string) => (await server.app.inject(url)).json();
    const { models } = await get(`${BASE}/models`);
    expect(models.map((each: { rollout: unknown }) => each.rollout)).toEqual(['r-1', null]);
    expect((await get(`${BASE}/models/iris`)).rollout).toBe('r-1');
    expect((await get(`${BASE}/models/rose`)).rollout).toBeNull();
    expect(await get(`${BASE}/status`)).toMatchObject({ rollouts: 1, load_balancer: [{ rollout: 'r-1' }] });
    expect((await get('/health')).rollouts).toBe(1);
  });

  it('are counted, attempts and outcomes apart', async () => {
    await using server = await start();
    const metrics = async () => (await server.app.inject(`${BASE}/metrics`)).json().totals;
    expect(await metrics()).toMatchObject({ update_attempts: 0, update_success_rate: 0 });
    server.rollouts.counts = { attempts: 6, completed: 3, rolledBack: 1, aborted: 1 };
    const expected = {
      update_attempts: 6,
      zero_downtime_updates: 3,
      rollbacks: 1,
      aborted_updates: 1,
      update_success_rate: 0.6,
    };
    expect(await metrics()).toMatchObject(expected);
    expect((await server.app.inject(`${BASE}/status`)).json().performance_metrics).toMatchObject(expected);
  });
});

describe('control', () => {
  it.each([
    ['pause', undefined, { type: 'pause' }],
    ['resume', {}, { type: 'resume' }],
    ['abort', {}, { type: 'abort' }],
    ['promote', undefined, { type: 'promote', toEnd: false }],
    ['promote', { to_end: true }, { type: 'promote', toEnd: true }],
  ] as const)('by %s with %j answers the update', async (action, payload, expected) => {
    await using server = await start();
    server.rollouts.views = [rolloutView()];
    const request = { method: 'POST', url: `${ROLLOUTS}/r-1/${action}` } as const;
    const response = await server.app.inject(payload === undefined ? request : { ...request, payload });
    expect(response.statusCode).toBe(200);
    expect(response.json().rollout_id).toBe('r-1');
    expect(server.rollouts.actions).toEqual([{ id: 'r-1', action: expected }]);
  });

  it.each([
    ['pause', { to_end: true }, '"to_end"'],
    ['promote', { toEnd: true }, '"toEnd"'],
    ['promote', { to_end: 'yes' }, 'body.to_end'],
  ])('by %s refuses %j by name', async (action, payload, expected) => {
    await using server = await start();
    server.rollouts.views = [rolloutView()];
    const response = await server.app.inject({ method: 'POST', url: `${ROLLOUTS}/r-1/${action}`, payload });
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toContain(expected);
    expect(server.rollouts.actions).toEqual([]);
  });

  it('that means nothing now is refused with why', async () => {
    await using server = await start();
    server.rollouts.failure = new AppError('conflict', 'The update has ended.');
    const response = await server.app.inject({ method: 'POST', url: `${ROLLOUTS}/r-1/resume` });
    expect(response.statusCode).toBe(409);
    expect(response.json().detail).toBe('The update has ended.');
  });
});

it.each(['', '/events', '/pause', '/promote'])('an update that there is not is refused at %s', async (path) => {
  await using server = await start();
  const method = path === '' || path === '/events' ? 'GET' : 'POST';
  const unknown = await server.app.inject({ method, url: `${ROLLOUTS}/r-9${path}` });
  expect([unknown.statusCode, unknown.json().type]).toEqual([404, 'urn:echoserve:error:rollout_not_found']);
  for (const id of ['a.b', 'x'.repeat(65), 'a%2Fb']) {
    const malformed = await server.app.inject({ method, url: `${ROLLOUTS}/${id}${path}` });
    expect([malformed.statusCode, malformed.json().type]).toEqual([400, 'urn:echoserve:error:invalid_request']);
  }
});
