import { expect, onTestFinished, test, vi } from 'vitest';
import { Residency } from '../../../src/serving/lifecycle/residency.ts';
import type { Resident } from '../../../src/serving/lifecycle/resident.ts';
import { Budgeted, GB } from '../../helpers/serving/budget.ts';
import { codeOf } from '../../helpers/serving/serving.ts';

/** The instances of the model m0, which only an update ever gets to see, as they are put in their place. */
function watchInstances(): readonly Resident[] {
  const put = vi.spyOn(Residency.prototype, 'put');
  onTestFinished(() => put.mockRestore());
  const seen: Resident[] = [];
  put.mockImplementation(function (this: Residency, resident) {
    seen.push(resident);
    put.mockRestore();
    this.put(resident);
  });
  return seen;
}

async function inUpdate(budgetGb: number, options = {}) {
  const seen = watchInstances();
  const serving = await Budgeted.start(budgetGb, 2);
  onTestFinished(() => serving[Symbol.asyncDispose]());
  await serving.load('m0', '1', { options });
  const [resident] = seen;
  if (resident === undefined) throw new Error('no instance was put anywhere');
  resident.inUpdate = true;
  return { serving, resident };
}

test('a version in an update is not evicted for another, and the refusal says why', async () => {
  const { serving, resident } = await inUpdate(1);
  await expect(serving.load('m1')).rejects.toMatchObject({
    code: 'insufficient_memory',
    next: expect.stringContaining('m0@1 (1.00 GB, kept until another has taken its place)'),
    details: { holders: [{ model: 'm0@1', reason: 'held' }] },
  });
  resident.inUpdate = false;
  await serving.load('m1');
  expect(serving.resident).toEqual(['m1']);
});

test('a version in an update is kept though nobody has used it for longer than it is to be kept', async () => {
  const { serving, resident } = await inUpdate(2, { keepAliveMs: 1000 });
  await serving.clock.advance(5000);
  expect(serving.resident).toEqual(['m0']);
  resident.inUpdate = false;
  await serving.clock.advance(2000);
  expect(serving.resident).toEqual([]);
});

test('a runner of a version in an update is not replaced for its growth before the update is over', async () => {
  const { serving, resident } = await inUpdate(8);
  serving.engine.latest.footprintBytes = 1.4 * GB;
  await serving.clock.advance(10_000);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, runnerRecycles: 0 });
  resident.inUpdate = false;
  await serving.clock.advance(5000);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, runnerRecycles: 1 });
});

test('an instance tells when its runner is lost, when there is a fresh one, and when there will be none', async () => {
  const { serving, resident } = await inUpdate(8);
  const changes: [string, string][] = [];
  resident.onAvailability = (change, reason) => changes.push([change, reason]);
  serving.engine.latest.crash();
  await serving.clock.advance(1);
  expect(changes).toEqual([
    ['lost', expect.stringContaining('SIGSEGV')],
    ['ready', expect.any(String)],
  ]);
  for (let crash = 0; crash < 4; crash += 1) {
    serving.engine.latest.crash();
    await serving.clock.advance(2000);
  }
  expect(changes.map(([change]) => change).slice(-3)).toEqual(['ready', 'lost', 'failed']);
  expect(changes.at(-1)?.[1]).toMatch(/5 times within 60 s/);
  expect(await codeOf(serving.infer('m0'))).toBe('not_ready');
});

test('an instance does not tell of a runner that was replaced on purpose', async () => {
  const { serving, resident } = await inUpdate(8);
  resident.inUpdate = false;
  const tell = vi.fn();
  resident.onAvailability = tell;
  serving.engine.latest.footprintBytes = 1.4 * GB;
  await serving.clock.advance(5000);
  expect(serving.manager.performance().runnerRecycles).toBe(1);
  expect(tell).not.toHaveBeenCalled();
});
