import { describe, expect, test } from 'vitest';
import { EMPTY_MANIFEST, type ModelManifest } from '../../../src/core/model/manifest.ts';
import type { ModelSignature } from '../../../src/core/model/signature.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';
import { openSupervised } from '../../helpers/serving/supervised.ts';

const STATEFUL: ModelManifest = { ...EMPTY_MANIFEST, state: [{ input: 'h', output: 'h_out' }] };

const column = (name: string, size: number) => ({ name, datatype: 'FP32', shape: [-1, size] }) as const;
const SIGNATURE: ModelSignature = {
  inputs: [column('x', 4), column('h', 250)],
  outputs: [column('y', 4), column('h_out', 250)],
};

/** A server with a model with a state of 1,000 bytes. */
function open(manifest: Partial<ModelManifest> = {}): Serving {
  const serving = new Serving();
  serving.engine.signature = SIGNATURE;
  for (const version of ['1', '2']) serving.catalog.add('m', version, { manifest: { ...STATEFUL, ...manifest } });
  return serving;
}

describe('a model with states', () => {
  test('is shown without them, and with what it keeps of sequences', async () => {
    await using serving = open({ options: { maxSequences: 50, sequenceIdleMs: 2000 } });
    await serving.load('m', '1');
    serving.engine.latest.openSequences = 7;
    const view = serving.view('m', '1');
    expect([...(view?.inputs ?? []), ...(view?.outputs ?? [])].map(({ name }) => name)).toEqual(['x', 'y']);
    const tensors = [{ input: 'h', output: 'h_out', datatype: 'FP32', rowShape: [250], initial: 0 }];
    expect(view?.stateful).toEqual({ tensors, openSequences: 7, maxSequences: 50, sequenceIdleMs: 2000 });
  });

  test('is expected to need memory for the states of all sequences that may be open', async () => {
    await using serving = open();
    const cacheOf = async (version: string, maxSequences: number) =>
      (await serving.load('m', version, { options: { maxSequences } })).version.allocation?.cacheBytes ?? 0;
    expect((await cacheOf('1', 5000)) - (await cacheOf('2', 1000))).toBe(4000 * 1000);
  });

  test('is not loaded where its file has no such tensors, or in several processes', async () => {
    await using serving = open();
    serving.catalog.add('n', '1', { manifest: { ...EMPTY_MANIFEST, state: [{ input: 'h', output: 'z' }] } });
    expect(await codeOf(serving.load('n', '1'))).toBe('model_unloadable');
    expect(await codeOf(serving.load('m', '1', { options: { instances: 2 } }))).toBe('model_unloadable');
    expect(serving.engine.starts).toBe(0);
  });
});

describe('a runner is told that sequences may have been lost', () => {
  test('not the first one of a model', async () => {
    await using serving = open();
    await serving.load('m', '1');
    expect(serving.engine.latest.spec.mayHaveLost).toBe(false);
  });

  test('when it takes the place of one that ended', async () => {
    await using serving = open();
    await serving.load('m', '1');
    serving.engine.latest.crash();
    await serving.clock.advance(0);
    expect(serving.engine.runners.map(({ spec }) => spec.mayHaveLost)).toEqual([false, true]);
  });

  test('when the version was loaded before, or another one of the model', async () => {
    await using serving = open();
    await serving.load('m', '1');
    await serving.load('m', '2');
    await serving.unload('m', '1');
    await serving.load('m', '1');
    expect(serving.engine.runners.map(({ spec }) => spec.mayHaveLost)).toEqual([false, true, true]);
  });
});

test('a runner with open sequences is not replaced by a fresh one, however idle it is', async () => {
  const { engine, supervisor } = await openSupervised();
  engine.latest.openSequences = 1;
  expect(supervisor.recycle()).toBe(false);
  engine.latest.openSequences = 0;
  expect(supervisor.recycle()).toBe(true);
});

test('probes are part of no sequence', async () => {
  await using serving = open();
  await serving.load('m', '1');
  expect(serving.engine.latest.requests.map(({ detached }) => detached)).toEqual([true]);
});
