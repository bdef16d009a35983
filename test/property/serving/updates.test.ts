import { describe, expect, test } from 'vitest';
import { TroubledUpdate } from '../../helpers/serving/troubled-update.ts';
import { seededRandom } from '../../helpers/simulation/random.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const STEPS = 25;

/** After whatever happened by the chance of this seed. */
async function afterTrouble(seed: number): Promise<TroubledUpdate> {
  const trouble = await TroubledUpdate.open(seededRandom(seed));
  await trouble.updating.serving.load('m', '1');
  for (let step = 0; step < STEPS; step += 1) await trouble.step();
  await trouble.finish();
  return trouble;
}

describe('updates, their control, crashes, full disks and restarts in any order', () => {
  test.each(SEEDS)('leave nobody without an answer and nothing behind, seed %i', async (seed) => {
    const { updating, store, happened } = await afterTrouble(seed);
    const story = happened.join('\n');
    expect(updating.errors(), story).toEqual([]);
    expect(updating.rollouts.underWay, story).toBe(0);
    const ready = updating.serving.manager.residentVersions().filter(({ state }) => state === 'ready');
    const serving = ready.filter((each) => each.serving).map(({ version }) => version);
    expect(serving, story).toHaveLength(1);
    const recorded = [...store.desired.values()].filter((each) => each.serving && each.state === 'running');
    expect(
      recorded.map(({ version }) => version),
      story,
    ).toEqual(serving);
    for (const { version } of ready) expect(store.desired.get(`m@${version}`)?.state, story).toBe('running');
    expect(updating.serving.payloads.usedBytes, story).toBe(0);
    for (const [id, entries] of store.entries) {
      expect(
        entries.map(({ sequence }) => sequence),
        story,
      ).toEqual(entries.map((_, index) => index + 1));
      expect(store.rollouts.get(id)?.endedAt, story).toBeDefined();
    }
    await updating[Symbol.asyncDispose]();
  });
});
