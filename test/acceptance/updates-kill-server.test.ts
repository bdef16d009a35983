import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstOutput, integers } from '../helpers/acceptance/ask.ts';
import { Home, Server } from '../helpers/acceptance/server.ts';
import { until } from '../helpers/acceptance/views.ts';
import { HEAVY_ROUNDS } from '../helpers/updates/kinds.ts';
import {
  abort,
  beginUpdate,
  eventsOf,
  isGapless,
  rolloutEnd,
  rolloutOf,
  rolloutUntil,
  SHORT_STAGES,
} from '../helpers/updates/rollouts.ts';
import { FIRST_LIVE_INPUT, rightAnswer, type VersionSpec, versionModel } from '../helpers/updates/version-model.ts';

const OLD: VersionSpec = { offset: 1 };
const NEW: VersionSpec = { offset: 2 };

/** So long that the update is still there when the server is killed. */
const lasting = (percent: number, dwellMs: number) =>
  SHORT_STAGES.stages.map((stage) => (stage.percent === percent ? { ...stage, min_dwell_ms: dwellMs } : stage));

/** How each model's update is kept where it is to be when the server is killed. */
const STRATEGIES = {
  'in-bake': { ...SHORT_STAGES, stages: [{ percent: 100, min_dwell_ms: 0, min_samples: 20 }], bake_ms: 8000 },
  'in-stage': { ...SHORT_STAGES, stages: lasting(5, 8000) },
  'in-stage-for-long': { ...SHORT_STAGES, stages: lasting(5, 900_000) },
  'in-probes': { ...SHORT_STAGES, first_time_pairs: 100 },
  'in-load': SHORT_STAGES,
};

/** Threads that wait for one another would spin meanwhile. */
const ONE_THREAD = { intra_op_threads: 1 };

const MODELS = Object.keys(STRATEGIES);

let home: Home;

beforeEach(() => {
  home = new Home();
  for (const modelId of MODELS) {
    // So that timing the versions takes its time.
    const work = modelId === 'in-probes' ? { rounds: HEAVY_ROUNDS } : {};
    home.add(modelId, versionModel({ ...OLD, ...work }), '1');
    home.add(modelId, versionModel({ ...NEW, ...work }), '2');
  }
});

afterEach(() => home[Symbol.dispose]());

const servedBy = async (server: Server, modelId: string) => {
  const answer = await server.infer(modelId, integers(5));
  return { status: answer.status, version: answer.body.model_version, y: firstOutput(answer)?.[0] };
};

/** Waits until a request is at the version. */
const inFlight = (server: Server, modelId: string, version: string) =>
  until(server, modelId, ({ statistics }) => expect(statistics.in_flight).toBeGreaterThan(0), version);

describe('after kill -9 of the server', () => {
  test('updates go on from every state, and after a second one in the same update it is rolled back', async () => {
    const ids: Record<string, string> = {};
    {
      await using killed = await Server.start({ home });
      const loads = await Promise.all(
        MODELS.map((modelId) => killed.load(modelId, { version: '1', options: ONE_THREAD })),
      );
      for (const { status } of loads) expect(status).toBe(200);
      const begin = async (modelId: keyof typeof STRATEGIES, state: string) => {
        const { rollout_id: id } = await beginUpdate(killed, modelId, '2', {
          strategy: STRATEGIES[modelId],
          options: ONE_THREAD,
        });
        ids[modelId] = id;
        await rolloutUntil(killed, id, (rollout) => rollout.state === state);
      };
      await Promise.all([begin('in-bake', 'baking'), begin('in-stage', 'stage'), begin('in-stage-for-long', 'stage')]);
      await begin('in-probes', 'probing');
      await begin('in-load', 'loading');
      await killed.stop('SIGKILL');
    }
    {
      await using server = await Server.start({ home });
      // The first that is asked of it.
      const answers = await Promise.all(MODELS.map(async (modelId) => [modelId, await servedBy(server, modelId)]));
      const right = { status: 200, version: '1', y: rightAnswer(OLD, 5) };
      expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(MODELS.map((modelId) => [modelId, right])));
      const was: Record<string, unknown> = {};
      for (const modelId of MODELS.filter((each) => each !== 'in-stage-for-long')) {
        const id = ids[modelId] ?? '';
        expect(await rolloutEnd(server, id)).toMatchObject({ outcome: 'completed', pause: null });
        const events = await eventsOf(server, id);
        expect(isGapless(events)).toBe(true);
        was[modelId] = events.find(({ type }) => type === 'restarted')?.facts['was'];
        expect(await servedBy(server, modelId)).toEqual({ status: 200, version: '2', y: rightAnswer(NEW, 5) });
      }
      expect(was).toEqual({ 'in-bake': 'baking', 'in-stage': 'stage', 'in-probes': 'probing', 'in-load': 'loading' });
      const long = await rolloutUntil(server, ids['in-stage-for-long'] ?? '', ({ state }) => state === 'stage');
      expect(long.stage).toBe(1);
      await server.stop('SIGKILL');
    }
    await using server = await Server.start({ home });
    const id = ids['in-stage-for-long'] ?? '';
    expect(await servedBy(server, 'in-stage-for-long')).toMatchObject({ status: 200, version: '1' });
    expect(await rolloutEnd(server, id)).toMatchObject({
      outcome: 'rolled_back',
      rollback: { reason: 'restarted_twice' },
    });
    expect(isGapless(await eventsOf(server, id))).toBe(true);
    // The others had ended before.
    for (const [modelId, other] of Object.entries(ids).filter(([name]) => name !== 'in-stage-for-long')) {
      expect(await rolloutOf(server, other)).toMatchObject({ outcome: 'completed' });
      expect(await servedBy(server, modelId)).toMatchObject({ status: 200, version: '2' });
    }
  });

  test('one that drains is complete, and one that is on its way back is back', async () => {
    const hanging = { fault: 'hang', percent: 100 } as const;
    for (const modelId of ['in-drain', 'in-rollback']) {
      home.add(modelId, versionModel({ ...OLD, bad: hanging }), '1');
      home.add(modelId, versionModel({ ...NEW, bad: hanging }), '2');
    }
    const ids: Record<string, string> = {};
    {
      await using killed = await Server.start({ home });
      const strategy = { ...STRATEGIES['in-bake'], bake_ms: 3000 };
      const keptBy = async (modelId: string, version: string) => {
        expect((await killed.load(modelId, { version: '1', options: ONE_THREAD })).status).toBe(200);
        const { rollout_id: id } = await beginUpdate(killed, modelId, '2', { strategy, options: ONE_THREAD });
        ids[modelId] = id;
        await rolloutUntil(killed, id, ({ state }) => state === 'baking');
        // It is never answered, and so keeps its version from ending.
        const headers = { 'content-type': 'application/json', 'x-request-timeout-ms': '100000' };
        const body = JSON.stringify({ inputs: integers(FIRST_LIVE_INPUT + 1) });
        const url = `${killed.url}/v2/models/${modelId}/versions/${version}/infer`;
        fetch(url, { method: 'POST', headers, body }).catch(() => 'lost with the server');
        return id;
      };
      const [draining, returning] = await Promise.all([keptBy('in-drain', '1'), keptBy('in-rollback', '2')]);
      await inFlight(killed, 'in-rollback', '2');
      await abort(killed, returning);
      await rolloutUntil(killed, returning, ({ state }) => state === 'rolling_back');
      await rolloutUntil(killed, draining, ({ state }) => state === 'draining');
      await killed.stop('SIGKILL');
    }
    await using server = await Server.start({ home });
    expect(await servedBy(server, 'in-drain')).toEqual({ status: 200, version: '2', y: rightAnswer(NEW, 5) });
    expect(await servedBy(server, 'in-rollback')).toEqual({ status: 200, version: '1', y: rightAnswer(OLD, 5) });
    expect(await rolloutOf(server, ids['in-drain'] ?? '')).toMatchObject({ outcome: 'completed' });
    expect(await rolloutOf(server, ids['in-rollback'] ?? '')).toMatchObject({ outcome: 'aborted' });
    for (const id of Object.values(ids)) expect(isGapless(await eventsOf(server, id))).toBe(true);
  });
});
