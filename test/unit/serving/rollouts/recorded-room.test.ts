import { expect, test } from 'vitest';
import { parseModelId } from '../../../../src/core/model/model-id.ts';
import { RecordedRequests } from '../../../../src/serving/rollouts/recorded-requests.ts';
import { FakeClock } from '../../../helpers/serving/fake-clock.ts';
import { FakePayloads } from '../../../helpers/serving/fake-payloads.ts';

test('models that were asked before leave room for one that is asked now', async () => {
  const clock = new FakeClock();
  const payloads = new FakePayloads();
  const recorded = new RecordedRequests(1000, clock);
  const ask = async (modelId: string, n: number) => {
    using payload = payloads.of(String(n).padEnd(100));
    recorded.note({
      modelId: parseModelId(modelId),
      version: undefined,
      payload,
      headerLength: undefined,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      timeoutMs: undefined,
      priority: undefined,
      signal: undefined,
    });
    await clock.advance(25);
  };
  for (let n = 0; n < 30; n += 1) await ask('before', n);
  for (let n = 0; n < 30; n += 1) await ask('now', n);
  expect(recorded.bytes).toBeLessThanOrEqual(1000);
  expect(recorded.of('now')).toHaveLength(5);
  expect(recorded.of('before')).toHaveLength(5);
});
