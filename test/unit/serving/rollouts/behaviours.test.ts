import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { parseVersion } from '../../../../src/core/model/version.ts';
import { codeOf } from '../../../helpers/serving/serving.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const broken = () => new AppError('internal', 'it is broken');
const NEVER = new AbortController().signal;
const inStage = (updating: Updating, stage = 1) => updating.latest.phase === 'stage' && updating.latest.stage >= stage;

describe('one update of a model at a time', () => {
  test('a second one is refused and names the first', async () => {
    await using updating = await Updating.ready();
    const { id } = await updating.update();
    await expect(updating.update()).rejects.toMatchObject({ code: 'conflict', details: { rollout_id: id } });
    expect(updating.rollouts.list(undefined)).toHaveLength(1);
  });

  test('one that supersedes it rolls it back first', async () => {
    await using updating = await Updating.ready();
    const { id } = await updating.update();
    await updating.traffic(100_000, 10, () => inStage(updating));
    const second = updating.update(SHORT, { newVersion: parseVersion('3'), supersede: true });
    await updating.serving.clock.advance(100);
    expect((await second).id).not.toBe(id);
    expect(updating.rollouts.describe(id)).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'superseded' });
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed', new: { version: '3' } });
  });

  test('neither version can be unloaded or loaded anew meanwhile, others can', async () => {
    await using updating = await Updating.ready();
    await updating.serving.load('m', '3');
    await updating.update();
    for (const version of ['1', '2', undefined]) {
      expect(await codeOf(updating.serving.unload('m', version))).toBe('conflict');
    }
    expect(await codeOf(updating.serving.load('m', '1', { forceReload: true }))).toBe('conflict');
    expect(await codeOf(updating.serving.unload('m', '3'))).toBe('succeeded');
  });
});

describe('what an update can not begin with', () => {
  test('a model of which no version serves', async () => {
    await using updating = await Updating.open();
    expect(await codeOf(updating.update())).toBe('not_ready');
  });

  test('the version that serves, or one that is not there', async () => {
    await using updating = await Updating.ready();
    expect(await codeOf(updating.update(SHORT, { newVersion: parseVersion('1') }))).toBe('conflict');
    expect(await codeOf(updating.update(SHORT, { newVersion: parseVersion('9') }))).toBe('version_not_found');
  });

  test('a strategy that makes no sense', async () => {
    await using updating = await Updating.ready();
    expect(await codeOf(updating.update({ stages: [{ percent: 7 }] }))).toBe('invalid_request');
  });

  test('two versions that can not be in memory together: nothing has changed, and the one that serves stays', async () => {
    await using updating = await Updating.ready({ memory: { budgetBytes: 120e6, waitMs: 100 } });
    updating.serving.engine.weightBytes.set('/models/m/2/model.onnx', 100e6);
    await expect(updating.update()).rejects.toMatchObject({ code: 'insufficient_memory' });
    expect(updating.rollouts.list(undefined)).toEqual([]);
    expect(updating.versionsAlive()).toEqual(['1']);
    updating.send();
    await updating.serving.clock.advance(10);
    expect(updating.errors()).toEqual([]);
  });
});

describe('a version that fails', () => {
  test('is unloaded and named; the one before serves on and can be updated to another', async () => {
    await using updating = await Updating.ready();
    await updating.update();
    onVersion2(updating.serving.engine, broken);
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'rolled_back' });
    const model = await updating.serving.manager.describeModel(updating.modelId);
    expect(model).toMatchObject({ servingVersion: '1', previousVersion: undefined });
    expect(updating.versionsAlive()).toEqual(['1']);
    expect(updating.rollouts.counters()).toMatchObject({ attempts: 1, completed: 0, rolledBack: 1, aborted: 0 });
    await updating.update(SHORT, { newVersion: parseVersion('3') });
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
    expect(updating.rollouts.counters()).toMatchObject({ attempts: 2, completed: 1, rolledBack: 1 });
  });

  test('is kept without traffic for a person to look at, where that is asked for', async () => {
    await using updating = await Updating.ready();
    await updating.update({ ...SHORT, onFailure: 'pause' });
    await updating.traffic(100_000, 10, () => inStage(updating));
    onVersion2(updating.serving.engine, broken);
    await updating.traffic(100_000, 10, () => updating.latest.pause !== undefined);
    expect(updating.latest).toMatchObject({ phase: 'stage', pause: { withdrawn: true }, new: { weight: 0 } });
    expect(updating.versionsAlive()).toEqual(['1', '2']);
    await updating.rollouts.control(updating.latest.id, { type: 'abort' });
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'aborted' });
    expect(updating.errors()).toEqual([]);
  });
});

describe('a person', () => {
  test('pauses, resumes, promotes and aborts', async () => {
    await using updating = await Updating.ready();
    const { id } = await updating.update();
    await updating.traffic(100_000, 10, () => inStage(updating));
    await updating.rollouts.control(id, { type: 'pause' });
    await updating.traffic(10_000);
    expect(updating.latest).toMatchObject({ stage: 1, pause: { reason: 'requested' }, new: { weight: 5 } });
    await updating.rollouts.control(id, { type: 'resume' });
    await updating.rollouts.control(id, { type: 'promote', toEnd: true });
    await updating.traffic(500);
    expect(updating.latest).toMatchObject({ stage: 7, new: { weight: 100 } });
    await updating.rollouts.control(id, { type: 'abort' });
    expect(updating.latest.new.weight).toBe(0);
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'aborted', rollbackReason: 'aborted' });
    expect(await codeOf(updating.rollouts.control(id, { type: 'pause' }))).toBe('conflict');
    expect(updating.errors()).toEqual([]);
  });

  test('returns to the version before, which is warm, at once', async () => {
    await using updating = await Updating.ready();
    await updating.update();
    await updating.untilEnded();
    expect(updating.versionsAlive()).toEqual(['1', '2']);
    const { starts } = updating.serving.engine;
    const result = await updating.rollouts.rollback(updating.modelId, NEVER);
    expect(result).toMatchObject({ servingVersion: '1', replacedVersion: '2' });
    expect(updating.serving.engine.starts).toBe(starts);
    updating.send();
    await updating.serving.clock.advance(10);
    expect(updating.answers.at(-1)?.reply?.version).toBe('1');
    expect(updating.versionsAlive()).toEqual(['1']);
    expect(await codeOf(updating.rollouts.rollback(updating.modelId, NEVER))).toBe('conflict');
  });

  test('aborts the update under way by rolling the model back', async () => {
    await using updating = await Updating.ready();
    await updating.update();
    await updating.traffic(100_000, 10, () => inStage(updating, 3));
    const { rollout } = await updating.rollouts.rollback(updating.modelId, NEVER);
    expect(rollout?.new.weight).toBe(0);
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'aborted' });
  });
});

test('the version before stays warm for as long as it is to, then goes', async () => {
  await using updating = await Updating.ready();
  await updating.update({ ...SHORT, keepPreviousMs: 30_000 });
  await updating.untilEnded();
  await updating.serving.clock.advance(29_000);
  expect(updating.versionsAlive()).toEqual(['1', '2']);
  await updating.serving.clock.advance(2000);
  expect(updating.versionsAlive()).toEqual(['2']);
});

test('a dry run does everything but the weights, and unloads the new version', async () => {
  await using updating = await Updating.ready();
  await updating.update({ ...SHORT, dryRun: true });
  const ended = await updating.untilEnded(600_000, 50);
  expect(ended).toMatchObject({ outcome: 'completed', new: { weight: 0 }, old: { weight: 100 } });
  expect(updating.servedBy('2')).toBe(0);
  expect(updating.versionsAlive()).toEqual(['1']);
  expect(updating.serving.view('m', '1')).toMatchObject({ serving: true, weight: 1 });
});

test('the split is told of the model and its versions', async () => {
  await using updating = await Updating.ready();
  await updating.update();
  await updating.traffic(100_000, 10, () => inStage(updating, 2));
  await updating.traffic(300);
  expect(updating.serving.view('m', '1')).toMatchObject({ weight: 0.85 });
  expect(updating.serving.view('m', '2')).toMatchObject({ weight: 0.15 });
  await updating.untilEnded();
  const model = await updating.serving.manager.describeModel(updating.modelId);
  expect(model).toMatchObject({ servingVersion: '2', previousVersion: '1' });
});

test('requests with one key stay with one version, and move to the new one once at most', async () => {
  await using updating = await Updating.ready();
  await updating.update();
  const seen = new Map<string, string[]>();
  for (let i = 0; updating.latest.outcome === undefined && i < 20_000; i += 1) {
    const key = `user ${i % 25}`;
    updating.serving.infer('m', undefined, { routingKey: key }).then((reply) => {
      const versions = seen.get(key) ?? [];
      if (versions.at(-1) !== reply.version) versions.push(reply.version);
      seen.set(key, versions);
    }, undefined);
    await updating.serving.clock.advance(10);
  }
  expect(updating.latest.outcome).toBe('completed');
  for (const versions of seen.values()) expect(versions.join()).toBeOneOf(['1,2', '2']);
});
