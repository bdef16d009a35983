import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const broken = () => new AppError('internal', 'it is broken');
const number = (body: string) => Number(/\d+/.exec(body)?.[0] ?? 0);

/** No pairs before traffic: what is bad is found out under traffic alone. */
const UNTRIED = { ...SHORT, firstPairs: 0, firstTimePairs: 0 };

describe('a version that fails', () => {
  test('on every input is rolled back before it gets any traffic', async () => {
    await using updating = await Updating.ready();
    await updating.update();
    // Its load has probed it: from now on it fails.
    onVersion2(updating.serving.engine, broken);
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back', stage: 0 });
    expect(updating.errors()).toEqual([]);
    expect(updating.servedBy('2')).toBe(0);
    expect(updating.versionsAlive()).toEqual(['1']);
  });

  test('on every input under traffic is caught after a handful of requests, which the old one answers', async () => {
    await using updating = await Updating.ready();
    await updating.update(UNTRIED);
    await updating.traffic(5000, 10, () => updating.latest.phase === 'stage');
    onVersion2(updating.serving.engine, broken);
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back' });
    expect(['evidence_failures', 'evidence_pairs']).toContain(ended.rollbackReason);
    expect(updating.errors()).toEqual([]);
    expect(ended.fallbacks.answered).toBeLessThanOrEqual(10);
    expect(updating.answers.filter(({ reply }) => reply?.fallbackFrom === '2')).toHaveLength(ended.fallbacks.answered);
  });

  test('on one input in ten is rolled back', async () => {
    await using updating = await Updating.ready();
    await updating.update(UNTRIED);
    onVersion2(updating.serving.engine, (_request, body) => (number(body) % 10 === 3 ? broken() : OK));
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back' });
    expect(updating.errors()).toEqual([]);
  });

  test('by values that are not finite is rolled back', async () => {
    await using updating = await Updating.ready();
    await updating.update();
    updating.serving.engine.observation = (request) => {
      return { isFinite: !updating.isOfVersion('2', request), cpuMs: 1 };
    };
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'not_finite' });
    expect(updating.errors()).toEqual([]);
  });

  test('by taking twice the time of the processor is rolled back', async () => {
    await using updating = await Updating.ready();
    await updating.update({ ...SHORT, firstTimePairs: 40 });
    updating.serving.engine.observation = (request) => {
      return { isFinite: true, cpuMs: updating.isOfVersion('2', request) ? 20 : 10 };
    };
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'evidence_time' });
    expect(updating.errors()).toEqual([]);
  });

  test('by its time, which the first pairs leave open, is rolled back by further ones', async () => {
    await using updating = await Updating.ready();
    await updating.update({ ...SHORT, firstTimePairs: 10 });
    updating.serving.engine.observation = (request) => {
      return { isFinite: true, cpuMs: updating.isOfVersion('2', request) ? 20 : 10 };
    };
    const ended = await updating.untilEnded(60_000);
    expect(ended).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'evidence_time' });
    expect(ended.pairs.timed).toBeGreaterThan(10);
    expect(ended.old.weight).toBe(100);
  });

  test('by crashing its process is rolled back, and every request is answered', async () => {
    await using updating = await Updating.ready();
    await updating.update(UNTRIED);
    onVersion2(updating.serving.engine, (_request, body) => (number(body) % 7 === 3 ? 'crash' : OK));
    const ended = await updating.untilEnded();
    expect(ended).toMatchObject({ outcome: 'rolled_back' });
    expect(updating.errors()).toEqual([]);
  });

  test('by hanging is rolled back, and every request is answered', async () => {
    await using updating = await Updating.ready();
    await updating.update(UNTRIED);
    onVersion2(updating.serving.engine, (request, body) => {
      if (number(body) % 7 !== 3) return OK;
      request.onBegan?.();
      return undefined;
    });
    const ended = await updating.untilEnded(400_000, 100);
    await updating.serving.clock.advance(60_000);
    expect(ended).toMatchObject({ outcome: 'rolled_back' });
    expect(updating.errors()).toEqual([]);
    expect(updating.answers.length).toBeGreaterThan(0);
  });
});

const OK = JSON.stringify({ outputs: [{ name: 'y', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });
