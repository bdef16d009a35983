import { expect, test } from 'vitest';
import { planEviction, type Resident } from '../../../src/core/memory/eviction-plan.ts';

const resident = (key: string, bytes: number, more: Partial<Resident> = {}): Resident => ({
  key,
  bytes,
  activity: 'idle',
  pinned: false,
  isHeld: false,
  onlyProvenOfPinned: false,
  ...more,
});

test('where there is room nothing is evicted', () => {
  const residents = [resident('a', 10)];

  expect(planEviction({ needBytes: 5, freeBytes: 5, residents })).toEqual({ fits: true, evict: [] });
});

test('a load that fits after evicting two takes exactly those two, least recent first', () => {
  const residents = [resident('oldest', 10), resident('older', 10), resident('newer', 10), resident('newest', 10)];

  expect(planEviction({ needBytes: 20, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['oldest', 'older'] });
});

test('free bytes count before anything is evicted', () => {
  const residents = [resident('a', 10), resident('b', 10)];

  expect(planEviction({ needBytes: 20, freeBytes: 11, residents })).toEqual({ fits: true, evict: ['a'] });
});

test('a small one that a later large one makes unnecessary is spared', () => {
  const residents = [resident('small', 4), resident('large', 12), resident('recent', 9)];

  expect(planEviction({ needBytes: 10, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['large'] });
});

test('of two that could be spared it is the more recently used', () => {
  const residents = [resident('oldest', 4), resident('older', 4), resident('large', 8)];

  expect(planEviction({ needBytes: 12, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['oldest', 'large'] });
});

test('a larger recent one is not taken in the place of several older ones', () => {
  const residents = [resident('a', 5), resident('b', 5), resident('recent', 100)];

  expect(planEviction({ needBytes: 10, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['a', 'b'] });
});

test('one without bytes is never evicted: it frees nothing', () => {
  const residents = [resident('empty', 0), resident('a', 10)];

  expect(planEviction({ needBytes: 10, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['a'] });
});

test('what is above the budget is made up for first', () => {
  const residents = [resident('a', 10), resident('b', 10)];

  expect(planEviction({ needBytes: 5, freeBytes: -8, residents })).toEqual({ fits: true, evict: ['a', 'b'] });
  expect(planEviction({ needBytes: 0, freeBytes: -8, residents })).toEqual({ fits: true, evict: ['a'] });
});

test.each([
  ['busy', { activity: 'busy' }],
  ['loading', { activity: 'loading' }],
  ['draining', { activity: 'draining' }],
  ['pinned', { pinned: true }],
  ['held', { isHeld: true }],
  ['only_proven_version', { onlyProvenOfPinned: true }],
] as const)('one that is held because of "%s" is passed over, and named when it does not fit', (reason, held) => {
  const residents = [resident('held', 10, held), resident('idle', 10)];

  expect(planEviction({ needBytes: 10, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['idle'] });
  expect(planEviction({ needBytes: 20, freeBytes: 0, residents })).toMatchObject({
    fits: false,
    holders: [{ key: 'held', bytes: 10, reason }],
  });
});

test('a refusal tells what is needed, free, to be freed now and later, and who holds the rest', () => {
  const residents = [
    resident('idle', 1),
    resident('busy', 2, { activity: 'busy' }),
    resident('loading', 4, { activity: 'loading' }),
    resident('draining', 8, { activity: 'draining', pinned: true }),
    resident('pinned', 16, { pinned: true, activity: 'busy' }),
    resident('rollout', 32, { isHeld: true }),
  ];

  expect(planEviction({ needBytes: 100, freeBytes: 64, residents })).toEqual({
    fits: false,
    neededBytes: 100,
    freeBytes: 64,
    couldBeFreedBytes: 1,
    couldBeFreedLaterBytes: 2 + 4 + 8,
    mayFitLater: false,
    holders: [
      { key: 'busy', bytes: 2, reason: 'busy' },
      { key: 'loading', bytes: 4, reason: 'loading' },
      { key: 'draining', bytes: 8, reason: 'draining' },
      { key: 'pinned', bytes: 16, reason: 'pinned' },
      { key: 'rollout', bytes: 32, reason: 'held' },
    ],
  });
});

test('waiting is worth while exactly when the busy ones would be enough', () => {
  const residents = [resident('idle', 5), resident('busy', 10, { activity: 'busy' })];

  expect(planEviction({ needBytes: 16, freeBytes: 1, residents })).toMatchObject({ fits: false, mayFitLater: true });
  expect(planEviction({ needBytes: 17, freeBytes: 1, residents })).toMatchObject({ fits: false, mayFitLater: false });
});

test('what is shared is freed with the last that shares it', () => {
  const common = { group: 'weights', bytes: 5 };
  const residents = [resident('a', 6, { common }), resident('b', 6, { common }), resident('c', 6, { common })];

  expect(planEviction({ needBytes: 2, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['a', 'b'] });
  expect(planEviction({ needBytes: 3, freeBytes: 0, residents })).toEqual({ fits: true, evict: ['a', 'b', 'c'] });
});

test('while one that shares must stay, the others are not evicted for what it keeps', () => {
  const common = { group: 'weights', bytes: 5 };
  const residents = [resident('a', 6, { common }), resident('b', 6, { common, activity: 'busy' })];

  expect(planEviction({ needBytes: 6, freeBytes: 0, residents })).toMatchObject({
    fits: false,
    couldBeFreedBytes: 1,
    couldBeFreedLaterBytes: 11,
    mayFitLater: true,
  });
});
