import { expect, test } from 'vitest';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

/** In its last stage, with so many requests at the new version, which answers none of them. */
async function withOpenRequests(count: number): Promise<Updating> {
  const updating = await Updating.ready();
  await updating.update(SHORT);
  await updating.traffic(100_000, 10, () => updating.latest.new.weight === 100);
  const usual = updating.serving.engine.behaviour;
  updating.serving.engine.behaviour = (request, body) =>
    !request.alone && updating.isOfVersion('2', request) ? undefined : usual(request, body);
  for (let sent = 0; sent < count; sent += 1) updating.send();
  await updating.serving.clock.advance(10);
  return updating;
}

test('a process that ends with many requests in it costs no client an answer', async () => {
  await using updating = await withOpenRequests(200);
  updating.runner('2').crash();
  await updating.serving.clock.advance(50);
  expect(updating.errors()).toEqual([]);
  expect(updating.answers.filter(({ reply }) => reply?.fallbackFrom === '2')).not.toHaveLength(0);
});

test('what a version that is rolled back still has and does not answer, the old one answers', async () => {
  await using updating = await withOpenRequests(200);
  await updating.rollouts.control(updating.latest.id, { type: 'abort' });
  await updating.serving.clock.advance(60_000);
  expect(updating.latest).toMatchObject({ outcome: 'aborted' });
  expect(updating.errors()).toEqual([]);
});
