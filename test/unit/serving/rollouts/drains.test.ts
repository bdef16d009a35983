import { describe, expect, test } from 'vitest';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

describe('requests that name the old version', () => {
  test('are answered while it drains, however many come', async () => {
    await using updating = await Updating.ready();
    const { engine, clock } = updating.serving;
    const usual = engine.behaviour;
    engine.behaviour = (request, body) => {
      if (body !== 'named') return usual(request, body);
      clock.after(30, () => {
        for (const runner of engine.alive)
          for (const run of runner.open) if (run.request === request) runner.answer(run);
      });
      return undefined;
    };
    const failed: unknown[] = [];
    await updating.update(SHORT);
    for (let i = 0; i < 20_000 && updating.latest.outcome === undefined; i += 1) {
      updating.send();
      updating.serving.infer('m', '1', { body: 'named' }).catch((error: unknown) => failed.push(error));
      await clock.advance(10);
    }
    await clock.advance(1000);
    expect(updating.latest).toMatchObject({ outcome: 'completed' });
    expect(failed).toEqual([]);
    expect(updating.versionsAlive()).toEqual(['1', '2']);
  });
});

test('a load that is decided against before it begins does not begin', async () => {
  await using updating = await Updating.ready();
  await updating.serving.load('m', '2');
  const { engine, clock } = updating.serving;
  const usual = engine.behaviour;
  engine.behaviour = (request, body) => (body === 'held' ? undefined : usual(request, body));
  updating.serving.infer('m', '2', { body: 'held', timeoutMs: 15_000 }).catch(() => undefined);
  await settle();
  const unloaded = updating.serving.unload('m', '2');
  await updating.update(SHORT);
  await clock.advance(100);
  await updating.rollouts.control(updating.latest.id, { type: 'abort' });
  await clock.advance(30_000);
  await unloaded;
  expect(updating.latest).toMatchObject({ outcome: 'aborted' });
  expect(updating.versionsAlive()).toEqual(['1']);
});
