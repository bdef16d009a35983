import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { EMPTY_MANIFEST } from '../../../../src/core/model/manifest.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const column = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 4] }) as const;
const manifest = { ...EMPTY_MANIFEST, state: [{ input: 'h', output: 'h_out' }] };
/** Stays in its first stage, where half of all keys go to the new version. */
const HALF = { ...SHORT, stages: [{ percent: 50, minDwellMs: 100_000 }, { percent: 100 }] };

/** Version 1 of a model with a state serves, and version 2 has half of the keys. */
async function inHalf(): Promise<Updating> {
  const updating = await Updating.open();
  const { engine, catalog } = updating.serving;
  engine.signature = { inputs: [column('x'), column('h')], outputs: [column('y'), column('h_out')] };
  for (const version of ['1', '2']) catalog.add('m', version, { manifest });
  await updating.serving.load('m', '1');
  await updating.update(HALF);
  await updating.serving.clock.advance(5000);
  expect(updating.latest).toMatchObject({ phase: 'stage', stage: 1 });
  return updating;
}

/** Requests of so many sequences, twice. */
async function sendSequences(updating: Updating, count: number): Promise<void> {
  for (let sent = 0; sent < 2 * count; sent += 1) {
    const sequenceId = `s${sent % count}`;
    updating.send(sequenceId, { sequenceId, routingKey: sequenceId });
    await updating.serving.clock.advance(1);
  }
}

/** The sequences whose requests a version has answered. */
const servedBy = (updating: Updating, version: string) =>
  new Set(updating.answers.filter(({ reply }) => reply?.version === version).map(({ body }) => body));

describe('while the traffic of a model with states is split', () => {
  test('a sequence stays with one version, which the other one is told to forget', async () => {
    await using updating = await inHalf();
    await sendSequences(updating, 40);
    const [old, fresh] = [updating.runner('1'), updating.runner('2')];
    const [atOld, atNew] = [servedBy(updating, '1'), servedBy(updating, '2')];
    expect(atOld.size + atNew.size).toBe(40);
    expect(Math.min(atOld.size, atNew.size)).toBeGreaterThan(5);
    expect(new Set(old.forgotten)).toEqual(atNew);
    // What an earlier update may have left there, and then each that goes to the old one.
    expect(fresh.forgotten[0]).toBeUndefined();
    expect(new Set(fresh.forgotten.slice(1))).toEqual(atOld);
  });

  test('requests that do not say which sequence they are of stay on the old version', async () => {
    await using updating = await inHalf();
    for (let sent = 0; sent < 60; sent += 1) updating.send(undefined, { routingKey: `user ${sent}` });
    await updating.serving.clock.advance(10);
    expect([updating.servedBy('1'), updating.servedBy('2')]).toEqual([60, 0]);
    expect(updating.runner('1').forgotten).toEqual([]);
  });

  test('and go to the new one when all do, where the old one forgets them', async () => {
    await using updating = await inHalf();
    updating.send('before');
    await updating.rollouts.control(updating.latest.id, { type: 'promote', toEnd: true });
    await updating.serving.clock.advance(10);
    expect(updating.latest.new.weight).toBe(100);
    for (const body of ['after', 'after that']) updating.send(body);
    await updating.serving.clock.advance(10);
    expect(updating.answers.map(({ reply }) => reply?.version)).toEqual(['1', '2', '2']);
    expect(updating.runner('1').forgotten).toEqual([undefined]);
  });

  test('the old version does not answer what the new one fails: it has not the state', async () => {
    await using updating = await inHalf();
    onVersion2(updating.serving.engine, (request) =>
      request.detached === true ? undefined : new AppError('internal', 'it is broken'),
    );
    await sendSequences(updating, 20);
    const failed = updating.answers.filter(({ error }) => error !== undefined);
    expect(failed.length).toBeGreaterThan(0);
    for (const { error } of failed) expect(error).toMatchObject({ code: 'internal' });
    expect(updating.answers.filter(({ reply }) => reply?.fallbackFrom !== undefined)).toEqual([]);
  });

  test('what the new version had begun when its process ended is run by its next one, and by no other version', async () => {
    await using updating = await inHalf();
    const { engine, clock } = updating.serving;
    onVersion2(engine, ({ detached }) => (detached === true ? '{"outputs":[]}' : undefined));
    await sendSequences(updating, 10);
    const [lost, atOld] = [updating.runner('2'), updating.servedBy('1')];
    const open = lost.open.size;
    expect(open).toBeGreaterThan(0);
    lost.crash(() => true);
    await clock.advance(500);
    expect(updating.runner('2')).not.toBe(lost);
    updating.runner('2').answerAll();
    await clock.advance(1);
    expect([updating.servedBy('1'), updating.servedBy('2')]).toEqual([atOld, open]);
  });

  test('the new version has all of a request’s time, as nobody could answer in the rest', async () => {
    await using updating = await inHalf();
    const { engine, clock } = updating.serving;
    onVersion2(engine, ({ detached }) => (detached === true ? '{"outputs":[]}' : undefined));
    await sendSequences(updating, 10);
    const open = updating.runner('2').open.size;
    await clock.advance(20_000);
    updating.runner('2').answerAll();
    await clock.advance(1);
    expect([updating.errors(), updating.servedBy('2')]).toEqual([[], open]);
  });

  test('what the old version refuses is shown to the new one without its sequence', async () => {
    await using updating = await inHalf();
    const { engine, clock } = updating.serving;
    engine.behaviour = (_request, body) =>
      body === 'strange' ? new AppError('model_rejected_input', 'no') : '{"outputs":[]}';
    const before = updating.runner('2').requests.length;
    updating.send('strange');
    await clock.advance(1);
    const shown = updating.runner('2').requests.slice(before);
    expect(shown.map(({ alone, detached }) => [alone, detached])).toContainEqual([false, true]);
  });

  test('a state that is lost with a move is no failure of the new version', async () => {
    await using updating = await inHalf();
    onVersion2(updating.serving.engine, (request, body) =>
      body.startsWith('s') && request.detached !== true ? new AppError('sequence_lost', 'lost') : '{"outputs":[]}',
    );
    await sendSequences(updating, 40);
    expect(updating.answers.some(({ error }) => error instanceof AppError && error.code === 'sequence_lost')).toBe(
      true,
    );
    expect(updating.latest).toMatchObject({ phase: 'stage', new: { failures: 0 } });
  });
});

test('pairs run without their sequence', async () => {
  await using updating = await inHalf();
  await sendSequences(updating, 10);
  const pairs = updating.runner('2').requests.filter(({ alone }) => alone);
  expect(pairs.length).toBeGreaterThan(0);
  for (const { detached } of pairs) expect(detached).toBe(true);
});

test('the version that no longer serves forgets all sequences', async () => {
  await using updating = await inHalf();
  const old = updating.runner('1');
  await updating.rollouts.control(updating.latest.id, { type: 'promote', toEnd: true });
  await updating.serving.clock.advance(100_000);
  expect(updating.latest.outcome).toBe('completed');
  expect(old.forgotten).toEqual([undefined]);
});
