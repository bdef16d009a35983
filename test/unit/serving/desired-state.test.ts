import { expect, test } from 'vitest';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { DesiredState } from '../../../src/serving/lifecycle/desired-state.ts';
import type { DesiredVersion } from '../../../src/serving/ports/store.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { silentLogger } from '../../helpers/serving/serving.ts';

const first: DesiredVersion = {
  modelId: 'iris',
  version: '1',
  state: 'running',
  serving: true,
  pinned: true,
  options: {},
  source: undefined,
};

test('one version of a model serves: one that comes to serve takes that from the others, and nothing else', async () => {
  const desired = new DesiredState(new FakeStore(), silentLogger);
  await desired.put(first);
  await desired.put({ ...first, modelId: 'tulip' });
  await desired.put({ ...first, version: '2' });
  await desired.put({ ...first, version: '3', serving: false });
  expect(desired.get(parseModelId('iris'), parseVersion('1'))).toEqual({ ...first, serving: false });
  expect(desired.running().map((each) => [each.modelId, each.version, each.serving])).toEqual([
    ['tulip', '1', true],
    ['iris', '2', true],
    ['iris', '1', false],
    ['iris', '3', false],
  ]);
});

test('the memory says so also where the store does not write', async () => {
  const store = new FakeStore();
  const desired = new DesiredState(store, silentLogger);
  await desired.put(first);
  store.failure = new Error('disk full');
  await desired.put({ ...first, version: '2' });
  expect(desired.ofModel('iris').filter((each) => each.serving)).toHaveLength(1);
});
