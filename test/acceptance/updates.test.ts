import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Server } from '../helpers/acceptance/server.ts';
import { BAD_KINDS, GOOD, IDENTICAL, type Kind, kindOf } from '../helpers/updates/kinds.ts';
import type { LoadTally } from '../helpers/updates/load-tally.ts';
import { isGapless, SHORT_STAGES } from '../helpers/updates/rollouts.ts';
import { UpdatedModel, type UpdateResult } from '../helpers/updates/updated-model.ts';

/** What ends a process is a division that traps on x86 only. */
const CAN_CRASH = process.arch === 'x64';

/** What each model is updated to, one after the other, while the other models are updated too. */
const PLANS: readonly (readonly Kind[])[] = [
  ['slow'],
  ['good', 'identical'],
  ['identical', 'failing', 'failing-at-times'],
  ['hanging'],
  ['not-finite', 'not-finite-at-times', ...(CAN_CRASH ? ['crashing'] : [])],
].map((names) => names.map(kindOf));

const results: UpdateResult[] = [];
const tallies: LoadTally[] = [];
let server: Server;
let seconds = 0;

beforeAll(async () => {
  server = await Server.start({ args: ['--hang-limit', '1s'] });
  const beganAt = performance.now();
  await Promise.all(PLANS.map(updateInTurn));
  seconds = (performance.now() - beganAt) / 1000;
}, 170_000);

afterAll(() => server[Symbol.asyncDispose]());

async function updateInTurn(kinds: readonly Kind[], index: number): Promise<void> {
  const isHeavy = kinds.some(({ needsHeavyModel }) => needsHeavyModel);
  await using model = await UpdatedModel.start(server, {
    modelId: `model-${index}`,
    ratePerSecond: isHeavy ? 30 : 100,
    timeoutMs: 2000,
    isHeavy,
    strategy: SHORT_STAGES,
  });
  for (const kind of kinds) {
    const result = await model.update(kind);
    results.push(result);
    tallies.push(result.tally);
  }
  // What has ended already is under load for as long as the others are updated.
  tallies.push(...model.between);
}

const of = (kind: Kind) => results.filter((result) => result.kind === kind);

describe('under constant load', () => {
  test.each([GOOD, IDENTICAL])('an update to a version that is $description completes', (kind) => {
    expect(of(kind).length).toBeGreaterThan(0);
    for (const { rollout, tally } of of(kind)) {
      expect(rollout).toMatchObject({ outcome: 'completed', rollback: null });
      expect(tally.rightOf(rollout.to_version)).toBeGreaterThan(0);
    }
  });

  test.each(BAD_KINDS.filter(({ name }) => name !== 'crashing' || CAN_CRASH))(
    'an update to a version that is $name ($description) is rolled back for it',
    (kind) => {
      expect(of(kind).length).toBeGreaterThan(0);
      for (const { rollout } of of(kind)) {
        expect(rollout).toMatchObject({ outcome: 'rolled_back', pause: null });
        expect(kind.reasons).toContain(rollout.rollback?.reason);
      }
    },
  );

  test('no client sees an error, a wrong answer, another one’s, or none', () => {
    expect(tallies.flatMap(({ faults }) => faults)).toEqual([]);
    const [sent, right] = [sum(({ sent }) => sent), sum((tally) => tally.right)];
    expect(right).toBe(sent);
    expect(sent / seconds).toBeGreaterThan(200);
  });

  test('what the new version failed, the old one answered', () => {
    const covered = of(kindOf('failing-at-times')).map(({ tally, rollout }) => [
      tally.fallbacks,
      rollout.fallbacks.answered,
    ]);
    for (const [seen = 0, told = 0] of covered) {
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBe(told);
    }
  });

  test('no event log has a gap', () => {
    expect(results.filter(({ events }) => !isGapless(events))).toEqual([]);
  });
});

function sum(count: (tally: LoadTally) => number): number {
  return tallies.reduce((total, tally) => total + count(tally), 0);
}
