import { expect, test } from 'vitest';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

test('a good version takes over in seven stages, and no request is lost', async () => {
  await using updating = await Updating.ready();
  const begun = await updating.update();
  expect(begun).toMatchObject({ modelId: 'm', old: { version: '1', weight: 100 }, new: { version: '2', weight: 0 } });
  const ended = await updating.untilEnded();
  expect(ended).toMatchObject({ phase: 'completed', outcome: 'completed', new: { weight: 100 }, old: { weight: 0 } });
  expect(updating.errors()).toEqual([]);
  expect(updating.servedBy('2')).toBeGreaterThan(100);
  updating.send();
  await updating.serving.clock.advance(10);
  expect(updating.answers.at(-1)?.reply?.version).toBe('2');
  void SHORT;
});
