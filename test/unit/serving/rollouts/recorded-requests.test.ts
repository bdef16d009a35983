import { expect, test } from 'vitest';
import { RecordedRequests, recordedRequest } from '../../../../src/serving/rollouts/comparing/recorded-requests.ts';
import { FakeClock } from '../../../helpers/serving/fake-clock.ts';
import { FakePayloads } from '../../../helpers/serving/fake-payloads.ts';
import { inferRequest } from '../../../helpers/serving/infer-request.ts';

const payloads = new FakePayloads();

function room(capacityBytes: number) {
  const clock = new FakeClock();
  const recorded = new RecordedRequests(capacityBytes, clock);
  const note = async (body: string, modelId = 'm') => {
    using payload = payloads.of(body);
    recorded.note(inferRequest(modelId, payload));
    await clock.advance(50);
  };
  const bodies = (modelId = 'm') => recorded.of(modelId).map(({ body }) => Buffer.from(body).toString());
  return { clock, recorded, note, bodies };
}

test('the latest come first, and each distinct one is there once', async () => {
  const { note, bodies } = room(1000);
  for (const body of ['a', 'b', 'a', 'c']) await note(body);
  expect(bodies()).toEqual(['c', 'a', 'b']);
});

test('what has no room makes the oldest of its model go, and the bytes are counted', async () => {
  const { note, bodies, recorded } = room(10);
  for (const body of ['aaaa', 'bbbb', 'cccc']) await note(body);
  expect(bodies()).toEqual(['cccc', 'bbbb']);
  expect(recorded.bytes).toBe(8);
  await note('x'.repeat(11));
  expect(recorded.bytes).toBeLessThanOrEqual(10);
});

test('models are apart, and one can be forgotten', async () => {
  const { note, bodies, recorded } = room(100);
  await note('a');
  await note('b', 'other');
  recorded.forget('m');
  expect([bodies(), bodies('other'), recorded.bytes]).toEqual([[], ['b'], 1]);
});

test('it can be switched off, and leaves long bodies alone', async () => {
  const off = room(0);
  await off.note('a');
  expect(off.bodies()).toEqual([]);
  const on = room(1e9);
  await on.note('x'.repeat(256 * 1024 + 1));
  expect(on.bodies()).toEqual([]);
});

test('of many requests at once one is kept', async () => {
  const { recorded, clock, bodies, note } = room(1000);
  await Promise.all([note('a'), note('b'), note('c')]);
  expect(bodies()).toEqual(['a']);
  expect(recorded.bytes).toBe(1);
  await clock.advance(100);
  await note('d');
  expect(bodies()).toEqual(['d', 'a']);
});

test('the same bytes with another header length are another request', () => {
  const body = Buffer.from('{}');
  expect(recordedRequest(body, 2).digest).not.toBe(recordedRequest(body, undefined).digest);
});

test('models that were asked before leave room for one that is asked now', async () => {
  const { note, bodies, recorded } = room(1000);
  for (let n = 0; n < 30; n += 1) await note(String(n).padEnd(100), 'before');
  for (let n = 0; n < 30; n += 1) await note(String(n).padEnd(100), 'now');
  expect(recorded.bytes).toBeLessThanOrEqual(1000);
  expect([bodies('now').length, bodies('before').length]).toEqual([5, 5]);
});
