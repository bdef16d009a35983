import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { floats } from '../helpers/acceptance/ask.ts';
import { Home, Server } from '../helpers/acceptance/server.ts';
import { statusOf } from '../helpers/acceptance/views.ts';
import { bigMlp } from '../helpers/onnx/models.ts';

const MODELS = 12;
const HOLDS = 4;
const CLIENTS = 16;
const REQUESTS = 400;

const name = (index: number) => `model-${index}`;
const input = floats(...Array.from({ length: 1024 }, (_, index) => index / 1024));

/** Memory of the runners, read from outside: the sum of their proportional set sizes. */
function runnersPss(server: Server): number {
  let sum = 0;
  for (const pid of server.children()) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/runner/main.js')) continue;
      const pss = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
      sum += Number(pss ?? 0) * 1024;
    } catch {
      // It has just ended.
    }
  }
  return sum;
}

/** Deterministic and skewed: small numbers are asked for more often. */
function trace(): readonly number[] {
  let state = 12_345;
  return Array.from({ length: REQUESTS }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(MODELS * (state / 2 ** 32) ** 2);
  });
}

/** Starts with what so many of the models use, so that their real cost is known. */
async function measuredBudget(home: Home): Promise<number> {
  await using server = await Server.start({ home });
  for (let index = 0; index < MODELS; index += 1) {
    expect((await server.load(name(index))).status).toBe(200);
    expect((await server.infer(name(index), input)).status).toBe(200);
    const { memory } = await statusOf(server);
    if (index === HOLDS - 1) {
      const used = Math.max(runnersPss(server), memory['used_bytes'] ?? 0);
      await server.stop();
      return Math.ceil(used * 1.08);
    }
  }
  throw new Error('there are fewer models than are to be held');
}

test('many models under a budget for a few: every request is answered, and the budget is kept', async () => {
  using home = new Home();
  for (let index = 0; index < MODELS; index += 1) home.add(name(index), bigMlp((8 << 20) + index * 65_536));
  const budget = await measuredBudget(home);
  await using server = await Server.start({ home, args: ['--memory-budget', String(budget)] });

  const requests = trace().values();
  const statuses = new Map<number, number>();
  let most = 0;
  let isOver = false;
  const reader = (async () => {
    while (!isOver) {
      most = Math.max(most, runnersPss(server));
      await pause(20);
    }
  })();
  const client = async () => {
    for (const model of requests) {
      const { status } = await server.infer(name(model), input);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  isOver = true;
  await reader;

  expect(Object.fromEntries(statuses)).toEqual({ 200: REQUESTS });
  expect(most).toBeLessThanOrEqual(budget * 1.05);
  const { performance_metrics: performance, memory } = await statusOf(server);
  expect(performance['evictions']).toBeGreaterThan(0);
  expect((performance['cache_hits'] ?? 0) + (performance['cache_misses'] ?? 0)).toBeGreaterThanOrEqual(REQUESTS);
  expect(memory['used_bytes']).toBeLessThanOrEqual(budget * 1.05);
});
