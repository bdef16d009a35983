import { describe, expect, test } from 'vitest';
import { ReorderBuffer, type Ticket } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import { blockDraw } from '../../helpers/simulation/evidence.ts';

const never = () => {
  throw new Error('nothing is past its deadline');
};
const ticket = (block: number, arm: 'new' | 'old' = 'new', deadlineAtMs = 1000): Ticket => ({
  assignment: { arm, draw: blockDraw(block, 1) },
  stage: 1,
  timeCounts: true,
  deadlineAtMs,
});
const good = { kind: 'answered', isFinite: true, computeMs: 1, limitMs: 10 } as const;
const failed = { kind: 'failed' } as const;
const blocks = (events: readonly { draws: readonly object[] }[]) => events.map(({ draws }) => draws);

describe('the reorder buffer', () => {
  test('releases bad events in the order of assignment', () => {
    const buffer = new ReorderBuffer();
    const [first, second, third] = [0, 1, 2].map((block) => buffer.admit(ticket(block)));
    buffer.settle(third ?? 0, failed);
    buffer.settle(second ?? 0, good);
    expect(buffer.release(10, never)).toEqual([]);
    buffer.settle(first ?? 0, failed);
    expect(blocks(buffer.release(11, never))).toEqual([[blockDraw(0, 1)], [blockDraw(2, 1)]]);
    expect(buffer.size).toBe(0);
  });

  test('waits for a request until its deadline, and then takes it at its age', () => {
    const buffer = new ReorderBuffer();
    buffer.admit(ticket(0));
    const later = buffer.admit(ticket(1, 'old', 2000));
    buffer.settle(later, failed);
    expect(buffer.release(999, never)).toEqual([]);
    const released = buffer.release(1000, () => ({ computeMs: 900, limitMs: 500 }));
    expect(released.map(({ arm }) => arm)).toEqual(['new', 'old']);
    expect(buffer.size).toBe(0);
  });

  test('takes one that never began to compute as no event, and outcomes that come too late as nothing', () => {
    const buffer = new ReorderBuffer();
    const queued = buffer.admit(ticket(0));
    expect(buffer.release(1000, () => ({ computeMs: 0, limitMs: 500 }))).toEqual([]);
    buffer.settle(queued, failed);
    buffer.settleTogether([queued], 'crash');
    expect(buffer.release(1001, never)).toEqual([]);
  });

  test('keeps the first outcome of a request', () => {
    const buffer = new ReorderBuffer();
    const order = buffer.admit(ticket(0));
    buffer.settle(order, { kind: 'censored', computeMs: 3, limitMs: 10 });
    buffer.settle(order, failed);
    expect(buffer.release(1, never)).toEqual([]);
  });

  test('makes one event of a batch that failed as one, in the place of its first member', () => {
    const buffer = new ReorderBuffer();
    const orders = [0, 1, 2].map((block) => buffer.admit(ticket(block)));
    buffer.settle(orders[1] ?? 0, failed);
    buffer.settleTogether(orders.toReversed(), 'batch');
    const released = buffer.release(1, never);
    expect(blocks(released)).toEqual([[blockDraw(0, 1), blockDraw(2, 1)], [blockDraw(1, 1)]]);
    expect(released[0]?.leastProbability).toBe(0);
  });

  test('makes one event of a crash, without evidence against the new version where others ran with it', () => {
    const buffer = new ReorderBuffer();
    buffer.settleTogether([buffer.admit(ticket(0))], 'crash');
    buffer.settleTogether([buffer.admit(ticket(1))], 'crash', true);
    buffer.settleTogether([buffer.admit(ticket(2, 'old'))], 'batch', true);
    expect(buffer.release(1, never).map(({ leastProbability }) => leastProbability)).toEqual([0.5, 1, 0]);
  });
});
