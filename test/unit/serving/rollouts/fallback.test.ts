import { expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { FALLBACK_BURST } from '../../../../src/core/rollout/fallback-budget.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const UNTRIED = { ...SHORT, firstPairs: 0, firstTimePairs: 0 };
const OK = JSON.stringify({ outputs: [{ name: 'y', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });
const refused = () => new AppError('model_rejected_input', 'no such word');

async function inLastStage(): Promise<Updating> {
  const updating = await Updating.ready();
  await updating.update({ ...UNTRIED, stages: [{ percent: 100, minDwellMs: 1e6, minSamples: 1, extended: false }] });
  await updating.traffic(1000, 10, () => updating.latest.new.weight === 100);
  return updating;
}

test('the client gets the old version’s answer, with the name of the one that failed', async () => {
  await using updating = await inLastStage();
  onVersion2(updating.serving.engine, () => new AppError('internal', 'broken'));
  updating.send();
  await updating.serving.clock.advance(1);
  expect(updating.answers.at(-1)?.reply).toMatchObject({ version: '1', fallbackFrom: '2' });
  expect(updating.serving.payloads.usedBytes).toBe(0);
});

test('a version that is slow to answer leaves half of the time to the old one', async () => {
  await using updating = await inLastStage();
  onVersion2(updating.serving.engine, () => undefined);
  updating.send('{"late":1}', { timeoutMs: 1000 });
  await updating.serving.clock.advance(499);
  expect(updating.answers.some(({ body }) => body === '{"late":1}')).toBe(false);
  await updating.serving.clock.advance(2);
  expect(updating.answers.at(-1)).toMatchObject({ body: '{"late":1}', reply: { version: '1', fallbackFrom: '2' } });
});

test('what the bytes alone show to be wrong is refused without asking the old version', async () => {
  await using updating = await inLastStage();
  const wrong = new AppError('invalid_tensor', 'it has three dimensions');
  onVersion2(updating.serving.engine, () => wrong);
  const before = updating.runner('1').requests.length;
  updating.send();
  await updating.serving.clock.advance(1);
  expect(updating.errors()).toEqual([wrong]);
  expect(updating.runner('1').requests).toHaveLength(before);
});

test('a burst that the new version fails without suspicion is bounded for the old one', async () => {
  await using updating = await inLastStage();
  const both = updating.serving.engine.behaviour;
  updating.serving.engine.behaviour = (request, body) => (/"n"/.test(body) ? refused() : both(request, body));
  const before = updating.runner('1').requests.length;
  for (let i = 0; i < 3 * FALLBACK_BURST; i += 1) updating.send(`{"n":"burst ${i}"}`);
  await updating.serving.clock.advance(1);
  expect(updating.runner('1').requests.length - before).toBeLessThanOrEqual(FALLBACK_BURST + 5);
  expect(updating.errors()).toHaveLength(3 * FALLBACK_BURST);
});

test('a version that answers nobody, as it hangs, leaves nobody without an answer', async () => {
  await using updating = await inLastStage();
  onVersion2(updating.serving.engine, () => undefined);
  for (let i = 0; i < 3 * FALLBACK_BURST; i += 1) updating.send(`{"stuck":${i}}`, { timeoutMs: 1000 });
  await updating.serving.clock.advance(600);
  expect(updating.errors()).toEqual([]);
  expect(updating.answers.filter(({ reply }) => reply?.fallbackFrom === '2')).toHaveLength(3 * FALLBACK_BURST);
});

test('values that are not finite are answered by the old version, unless it gives them too', async () => {
  await using updating = await inLastStage();
  updating.serving.engine.observation = (request) => ({ isFinite: !updating.isOfVersion('2', request), cpuMs: 1 });
  onVersion2(updating.serving.engine, () => OK);
  updating.send();
  await updating.serving.clock.advance(1);
  expect(updating.answers.at(-1)?.reply).toMatchObject({ version: '1', fallbackFrom: '2' });
});

test('a request that its caller gives up is no failure of anybody', async () => {
  await using updating = await inLastStage();
  onVersion2(updating.serving.engine, () => undefined);
  const { failures } = updating.latest.new;
  for (let i = 0; i < 10; i += 1) {
    const caller = new AbortController();
    updating.send(undefined, { signal: caller.signal });
    await updating.serving.clock.advance(1);
    caller.abort();
  }
  await updating.serving.clock.advance(100);
  expect(updating.latest).toMatchObject({ outcome: undefined, breakerOpen: false, new: { failures } });
});
