import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { patiently, runnerOf, statusOf, versionOf } from '../helpers/acceptance/views.ts';
import { settled } from '../helpers/updates/checked-load.ts';
import { GOOD, IDENTICAL, kindOf } from '../helpers/updates/kinds.ts';
import {
  abort,
  beginUpdate,
  eventsIn,
  eventsOf,
  isGapless,
  rolloutEnd,
  rolloutUntil,
  SHORT_STAGES,
  type WireEvent,
} from '../helpers/updates/rollouts.ts';
import { UpdatedModel } from '../helpers/updates/updated-model.ts';

/** One stage, judged by its probes alone. */
const AT_ONCE = { ...SHORT_STAGES, stages: [{ percent: 100, min_dwell_ms: 0, min_samples: 1 }], bake_ms: 0 };

const API = '/api/v1/model_serving';

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterAll(() => server[Symbol.asyncDispose]());

const start = (modelId: string) =>
  UpdatedModel.start(server, { modelId, ratePerSecond: 100, timeoutMs: 4000, isHeavy: false, strategy: SHORT_STAGES });

describe.concurrent('of models side by side', () => {
  test('a version that is rolled back is unloaded; the one before serves, and a second update meanwhile is refused', async () => {
    await using model = await start('failing');
    const first = await beginUpdate(server, model.id, model.addKind(GOOD), { strategy: AT_ONCE });
    expect(await rolloutEnd(server, first.rollout_id)).toMatchObject({ outcome: 'completed' });

    const version = model.addKind(kindOf('failing-at-times'));
    const { rollout_id: id } = await beginUpdate(server, model.id, version);
    const pid = await patiently(() => runnerOf(server, model.id, version));
    const second = await server.post(`${API}/update`, { model_id: model.id, new_version: version });
    expect(second).toMatchObject({ status: 409, body: { rollout_id: id } });

    expect(await rolloutEnd(server, id)).toMatchObject({ outcome: 'rolled_back', from_version: '2' });
    expect(isAlive(pid)).toBe(false);
    const { body } = await server.request(`${API}/models/${model.id}`);
    expect(body).toMatchObject({
      serving_version: '2',
      previous_version: '1',
      traffic: [{ version: '2', weight: 1 }],
      rollout: null,
    });
    expect((await versionOf(server, model.id, version)).runner_pid).toBeNull();
    expect(isAlive(await runnerOf(server, model.id, '2'))).toBe(true);
  });

  test('a version that fails is kept without traffic where a person is to decide', async () => {
    await using model = await start('to-be-decided');
    const version = model.addKind(kindOf('failing'));
    const { rollout_id: id } = await beginUpdate(server, model.id, version, {
      rollback_on_failure: false,
      strategy: SHORT_STAGES,
    });
    const paused = await rolloutEnd(server, id);
    expect(paused).toMatchObject({
      outcome: null,
      pause: { reason: 'evidence_pairs' },
      traffic: { new: { weight: 0 } },
    });
    expect(await versionOf(server, model.id, version)).toMatchObject({ state: 'ready', serving: false });
    await abort(server, id);
    expect(await rolloutEnd(server, id)).toMatchObject({ outcome: expect.stringMatching(/aborted/) });
  });

  test('kill -9 of the new version costs no request, and a client that reconnects gets each event once', async () => {
    await using model = await start('killed');
    const tally = model.beginTally();
    const version = model.addKind(IDENTICAL);
    const { rollout_id: id } = await beginUpdate(server, model.id, version);
    const reading = eventsInTwoConnections(id);
    await rolloutUntil(server, id, ({ stage }) => stage >= 2);
    process.kill(await runnerOf(server, model.id, version), 'SIGKILL');

    expect(await rolloutEnd(server, id)).toMatchObject({ outcome: 'completed' });
    const events = await reading;
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['new_lost', 'new_ready']));
    expect(isGapless(events)).toBe(true);
    expect(events).toEqual(await eventsOf(server, id));
    model.beginTally();
    await settled(tally);
    expect(tally.faults).toEqual([]);
    expect(tally.rightOf(version)).toBeGreaterThan(0);
  });
});

test('the counters tell apart how updates ended', async () => {
  const { performance_metrics: counters } = await statusOf(server);
  expect(counters).toMatchObject({ zero_downtime_updates: 2, rollbacks: 1 });
});

/** All events of an update, read by a client whose connection ends after the third. */
async function eventsInTwoConnections(id: string): Promise<readonly WireEvent[]> {
  const first = await readEvents(id, {}, (events) => events.length >= 3);
  const last = first.at(-1)?.sequence ?? 0;
  return [...first, ...(await readEvents(id, { 'last-event-id': String(last) }, () => false))];
}

/** Reads a stream to its end, or until the client has enough. */
async function readEvents(
  id: string,
  headers: Record<string, string>,
  isEnough: (events: readonly WireEvent[]) => boolean,
): Promise<readonly WireEvent[]> {
  const response = await fetch(`${server.url}${API}/rollouts/${id}/events`, { headers });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (isEnough(eventsIn(text))) break;
  }
  return eventsIn(text);
}
