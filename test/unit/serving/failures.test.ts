import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

/** A server whose version has crashed until it was given up. */
async function withFailed(): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1');
  for (let crash = 0; crash < 5; crash += 1) {
    serving.engine.latest.crash();
    await serving.clock.advance(6_000);
  }
  expect(serving.view('iris', '1')?.state).toBe('failed');
  return serving;
}

test('requests to a version that has failed count as its failures', async () => {
  await using serving = await withFailed();
  for (const version of [undefined, undefined, '1', '1', '1']) {
    expect(await codeOf(serving.infer('iris', version))).toBe('not_ready');
  }
  expect(serving.view('iris', '1')?.statistics).toMatchObject({ failed: { not_ready: 5 }, inFlight: 0, succeeded: 0 });
  expect(serving.view('iris', '1')?.statistics.lastRequestAt).toBe(serving.clock.epochMs());
  expect(serving.manager.performance()).toMatchObject({ totalRequests: 5, failedRequests: 5 });
});

test('failures are counted by reason, those that reached no version and those that did not come so far included', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.behaviour = (_request, body) => (body === 'bad' ? new AppError('invalid_tensor', 'no') : '{}');
  await serving.infer('iris');
  await codeOf(serving.infer('iris', undefined, { body: 'bad' }));
  await codeOf(serving.infer('tulip'));
  await codeOf(serving.infer('iris', '9'));
  serving.manager.inferRefused('overloaded');
  serving.manager.inferRefused('body_too_large');
  const { totalRequests, failedRequests, failuresByReason } = serving.manager.performance();
  expect({ totalRequests, failedRequests }).toEqual({ totalRequests: 6, failedRequests: 5 });
  const counted = Object.entries(failuresByReason).filter(([, count]) => count > 0);
  expect(Object.fromEntries(counted)).toEqual({
    invalid_tensor: 1,
    model_not_found: 1,
    version_not_found: 1,
    overloaded: 1,
    body_too_large: 1,
  });
});
