import { expect, test } from 'vitest';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

test('before any traffic, pairs take a small share of the old version’s time while clients want it', async () => {
  await using updating = await Updating.ready();
  const { engine, clock } = updating.serving;
  const usual = engine.behaviour;
  // Pairs take 20 ms each.
  engine.behaviour = (request, body) => {
    if (!request.alone) return usual(request, body);
    request.onBegan?.();
    clock.after(20, () => {
      for (const runner of engine.alive) for (const run of runner.open) if (run.request === request) runner.answer(run);
    });
    return undefined;
  };
  await updating.update({ ...SHORT, firstPairs: 100 });
  await updating.traffic(4000, 10);
  expect(updating.latest.phase).toBe('probing');
  const runs = updating.runner('1').requests.filter(({ alone }) => alone).length;
  expect(runs * 20).toBeLessThan(0.1 * 4000);
});

test('an old version that crashes for good while the new one is checked is loaded again, and convicts nobody', async () => {
  await using updating = await Updating.ready();
  const usual = updating.serving.engine.behaviour;
  updating.holdPairs();
  await updating.update(SHORT);
  await updating.traffic(5000, 10, () => updating.latest.phase === 'probing');
  await updating.traffic(100);
  for (let crash = 0; crash < 5; crash += 1) {
    updating.runner('1').crash();
    await updating.serving.clock.advance(2000);
  }
  updating.serving.engine.behaviour = usual;
  for (const runner of updating.serving.engine.alive) runner.answerAll();
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
});

test('a new version that is too slow for its share is stepped back, then rolled back for want of capacity', async () => {
  await using updating = await Updating.ready();
  const { engine } = updating.serving;
  await updating.update({ ...SHORT, saturationMs: 5000 });
  await updating.traffic(100_000, 10, () => updating.latest.stage === 4);
  const usual = engine.behaviour;
  engine.behaviour = (request, body) => {
    const isNew = engine.alive.some(
      ({ spec, open }) => spec.version === '2' && [...open].some((run) => run.request === request),
    );
    return isNew && !request.alone ? undefined : usual(request, body);
  };
  for (let i = 0; i < 3000 && updating.latest.outcome === undefined; i += 1) {
    updating.send(undefined, { timeoutMs: 1000 });
    await updating.serving.clock.advance(20);
  }
  expect(updating.latest).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'capacity' });
  const entries = await updating.serving.store.listRolloutEntries(updating.latest.id);
  expect(entries.map(({ entry }) => entry['type'])).not.toContain('breaker_opened');
});

test('pairs that take longer than there is time for are left out, and said to be', async () => {
  await using updating = await Updating.ready();
  const { engine, clock } = updating.serving;
  const usual = engine.behaviour;
  engine.behaviour = (request, body) => {
    if (!request.alone) return usual(request, body);
    clock.after(500, () => {
      for (const runner of engine.alive) for (const run of runner.open) if (run.request === request) runner.answer(run);
    });
    return undefined;
  };
  await updating.update({ ...SHORT, firstPairs: 500, deadlinesMs: { probing: 60_000 } });
  await updating.traffic(70_000, 20, () => updating.latest.phase === 'stage');
  expect(updating.latest).toMatchObject({ phase: 'stage' });
});

test('nothing is advanced while a live request hangs at the new version, however well its pairs and probes do', async () => {
  await using updating = await Updating.ready();
  const { engine } = updating.serving;
  await updating.update(SHORT);
  await updating.traffic(100_000, 10, () => updating.latest.stage === 2);
  const usual = engine.behaviour;
  let hung = false;
  engine.behaviour = (request, body) => {
    const isNew = engine.alive.some(
      ({ spec, open }) => spec.version === '2' && [...open].some((run) => run.request === request),
    );
    if (!isNew || request.alone || hung) return usual(request, body);
    hung = true;
    request.onBegan?.();
    return undefined;
  };
  await updating.traffic(12_000, 10);
  expect(hung).toBe(true);
  expect(updating.latest).toMatchObject({ phase: 'stage', stage: 2 });
});
