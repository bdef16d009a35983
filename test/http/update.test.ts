import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { rolloutView } from '../helpers/http/fake-rollouts.ts';
import { start } from '../helpers/http/start.ts';

const BASE = '/api/v1/model_serving';
const URL = `${BASE}/update`;

const STRATEGY = {
  profile: 'careful',
  stages: [5, { percent: 50, min_dwell_ms: 0, min_samples: 1, extended: false }, 100],
  alpha: 0.05,
  rho: 2,
  delta_cpu: 0.5,
  delta_wall: 2,
  first_pairs: 0,
  first_time_pairs: 1,
  drift_limits: { min_top1_agreement: null, max_absolute_difference: 0.5, min_cosine: 0.9 },
  agreement_pairs: 5,
  on_failure: 'pause',
  start_paused: true,
  dry_run: true,
  allow_signature_change: true,
  bake_ms: 1,
  keep_previous_ms: 2,
  live_samples_ms: 3,
  hold_limit_ms: 4,
  saturation_ms: 5,
  deadlines_ms: { rolling_back: 6, stage: 7 },
};

describe('an update', () => {
  it('takes its defaults, and is answered with where to look for it', async () => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: URL, payload: { model_id: 'iris' } });
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe(`${BASE}/rollouts/r-1`);
    expect(response.json()).toMatchObject({ rollout_id: 'r-1', model_id: 'iris', state: 'stage' });
    expect(server.rollouts.updates.map(({ request }) => request)).toEqual([
      {
        modelId: 'iris',
        newVersion: 'latest',
        source: undefined,
        sha256: undefined,
        options: {},
        strategy: {},
        supersede: false,
        wait: false,
      },
    ]);
  });

  it('passes on everything that it is given', async () => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'POST',
      url: URL,
      payload: {
        model_id: 'lab/iris',
        new_version: '2',
        source: 'https://models.example/iris.onnx',
        sha256: 'AB'.repeat(32),
        options: { max_batch_size: 8 },
        strategy: STRATEGY,
        supersede: true,
        wait: true,
      },
    });
    expect(response.statusCode).toBe(200);
    expect(server.rollouts.updates[0]?.request).toEqual({
      modelId: 'lab/iris',
      newVersion: '2',
      source: 'https://models.example/iris.onnx',
      sha256: 'ab'.repeat(32),
      options: { maxBatchSize: 8 },
      strategy: {
        profile: 'careful',
        stages: [{ percent: 5 }, { percent: 50, minDwellMs: 0, minSamples: 1, extended: false }, { percent: 100 }],
        alpha: 0.05,
        rho: 2,
        deltaCpu: 0.5,
        deltaWall: 2,
        firstPairs: 0,
        firstTimePairs: 1,
        driftLimits: { minTop1Agreement: null, maxAbsoluteDifference: 0.5, minCosine: 0.9 },
        agreementPairs: 5,
        onFailure: 'pause',
        startPaused: true,
        dryRun: true,
        allowSignatureChange: true,
        bakeMs: 1,
        keepPreviousMs: 2,
        liveSamplesMs: 3,
        holdLimitMs: 4,
        saturationMs: 5,
        deadlinesMs: { rolling_back: 6, stage: 7 },
      },
      supersede: true,
      wait: true,
    });
  });

  it('waits for a person instead of rolling back where that is asked for', async () => {
    await using server = await start();
    const payload = { model_id: 'iris', rollback_on_failure: false, strategy: { alpha: 0.1 } };
    expect((await server.app.inject({ method: 'POST', url: URL, payload })).statusCode).toBe(202);
    expect(server.rollouts.updates[0]?.request.strategy).toEqual({ alpha: 0.1, onFailure: 'pause' });
  });

  it.each([
    [false, false],
    [true, true],
  ])('with wait: %s ends with its connection: %s', async (wait, aborts) => {
    await using server = await start();
    const { origin } = await server.listen();
    const client = new AbortController();
    const { promise: seen, resolve } = Promise.withResolvers<AbortSignal>();
    server.rollouts.onUpdate = () => {
      const signal = server.rollouts.updates[0]?.signal ?? AbortSignal.abort();
      resolve(signal);
      return new Promise((done) => (wait ? signal.addEventListener('abort', () => done()) : setImmediate(done)));
    };
    const answer = fetch(`${origin}${URL}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model_id: 'iris', wait }),
      signal: client.signal,
    }).catch(() => undefined);
    const signal = await seen;
    if (wait) client.abort();
    await answer;
    if (wait && !signal.aborted) await new Promise((done) => signal.addEventListener('abort', done));
    expect(signal.aborted).toBe(aborts);
  });

  it.each([
    ['an unknown field', { rollback: true }, 'body: Unrecognized key: "rollback"'],
    ['an unknown member of the strategy', { strategy: { alhpa: 1 } }, 'body.strategy: Unrecognized key: "alhpa"'],
    ['an unknown deadline', { strategy: { deadlines_ms: { end: 1 } } }, 'body.strategy.deadlines_ms: Unrecognized key'],
    [
      'an unknown limit',
      { strategy: { drift_limits: { l2: 1 } } },
      'body.strategy.drift_limits: Unrecognized key: "l2"',
    ],
    ['an unknown member of a stage', { strategy: { stages: [{ percent: 100, dwell: 1 }] } }, '"dwell"'],
    [
      'a wrong member of a stage',
      { strategy: { stages: [{ percent: 100, min_samples: 0 }] } },
      'min_samples: Too small',
    ],
    ['a stage that is none', { strategy: { stages: ['all'] } }, 'body.strategy.stages.0: expected a number of percent'],
    ['no stages', { strategy: { stages: [] } }, '"stages" can not be empty'],
    ['stages that fall', { strategy: { stages: [50, 5, 100] } }, '50 % is followed by 5 %'],
    ['stages that stop short', { strategy: { stages: [5, 50] } }, 'the last stage must be 100 %'],
    ['a weight that no block has', { strategy: { stages: [7, 100] } }, 'multiple of 5'],
    ['a probability that is none', { strategy: { alpha: 2 } }, 'body.strategy.alpha'],
    ['two opinions', { rollback_on_failure: false, strategy: { on_failure: 'rollback' } }, '"rollback_on_failure"'],
    ['a digest of nothing', { sha256: 'ab'.repeat(32) }, '"source"'],
    ['a bad version', { new_version: 'a/b' }, 'Invalid version'],
    ['a bad id', { model_id: '../iris' }, 'Invalid model id'],
  ])('with %s is refused by name', async (_what, fields, expected) => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: URL, payload: { model_id: 'iris', ...fields } });
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toContain(expected);
    expect(server.rollouts.updates).toEqual([]);
  });

  it('of a model that has one under way is refused with its name', async () => {
    await using server = await start();
    server.rollouts.failure = new AppError('conflict', 'Update "r-7" of iris is under way.', {
      details: { rollout_id: 'r-7' },
    });
    const response = await server.app.inject({ method: 'POST', url: URL, payload: { model_id: 'iris' } });
    expect(response.statusCode).toBe(409);
    expect(response.json()).toMatchObject({ type: 'urn:echoserve:error:conflict', rollout_id: 'r-7' });
  });
});

describe('a rollback of a model', () => {
  it.each(['lab/iris', 'lab%2Firis'])('of %s tells who serves now, and which update it ended', async (id) => {
    await using server = await start();
    const url = `${BASE}/models/${id}/rollback`;
    const idle = await server.app.inject({ method: 'POST', url });
    expect(idle.statusCode).toBe(200);
    const members = { model_id: 'lab/iris', serving_version: '1', replaced_version: '2' };
    expect(idle.json()).toEqual({ ...members, rollout: null });
    server.rollouts.views = [rolloutView({ modelId: 'lab/iris', phase: 'rolling_back' })];
    const busy = await server.app.inject({ method: 'POST', url, payload: {} });
    expect(busy.json()).toMatchObject({ ...members, rollout: { rollout_id: 'r-1', state: 'rolling_back' } });
    expect(server.rollouts.rollbacks).toEqual(['lab/iris', 'lab/iris']);
  });

  it.each([
    [{ version: '1' }, undefined, 400],
    [undefined, new AppError('conflict', 'There is no version to return to.'), 409],
    [undefined, new AppError('model_not_found', 'There is no model "iris".'), 404],
  ])('is refused with %j, %s', async (payload, failure, status) => {
    await using server = await start();
    server.rollouts.failure = failure;
    const request = { method: 'POST', url: `${BASE}/models/iris/rollback` } as const;
    const response = await server.app.inject(payload === undefined ? request : { ...request, payload });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toContain('application/problem+json');
  });
});

it('changes need a key with the scope admin', async () => {
  const apiKeys = [{ name: 'client', secret: 'sixteen-letters-1', scopes: ['infer', 'metrics'] as const }];
  await using server = await start({ apiKeys });
  const routes: readonly (readonly ['POST' | 'GET', string])[] = [
    ['POST', URL],
    ['POST', `${BASE}/models/iris/rollback`],
    ['GET', `${BASE}/rollouts`],
    ['GET', `${BASE}/rollouts/r-1/events`],
    ...['pause', 'resume', 'promote', 'abort'].map((action) => ['POST', `${BASE}/rollouts/r-1/${action}`] as const),
  ];
  for (const [method, url] of routes) {
    const headers = { authorization: 'Bearer sixteen-letters-1' };
    expect((await server.app.inject({ method, url })).statusCode, url).toBe(401);
    expect((await server.app.inject({ method, url, headers })).statusCode, url).toBe(403);
  }
  const { updates, actions, rollbacks, streams } = server.rollouts;
  expect([...updates, ...actions, ...rollbacks, ...streams]).toEqual([]);
});
