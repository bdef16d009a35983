import { expect, test, vi } from 'vitest';
import { recordedRequest } from '../../../../src/serving/rollouts/comparing/recorded-requests.ts';
import { CrashGroups } from '../../../../src/serving/rollouts/live/crash-groups.ts';
import type { Loss } from '../../../../src/serving/running/loss.ts';
import { FakeClock } from '../../../helpers/serving/fake-clock.ts';

const EXIT = { code: null, signal: 'SIGSEGV', stderrTail: '', expected: false, outOfMemory: false };
const lost = (crash: object, began: boolean): Loss => ({ crash, began, exit: EXIT });
const suspect = recordedRequest(Buffer.from('{}'), undefined);

function room() {
  const clock = new FakeClock();
  const book = { settle: vi.fn(), settleTogether: vi.fn(), crashWhileIdle: vi.fn() };
  const onCrash = vi.fn();
  return { clock, book, onCrash, groups: new CrashGroups({ book, clock, stage: () => 2, onCrash }) };
}

test('what had begun in a crashed process is one event, and what had not begun is part of it', async () => {
  const { clock, book, onCrash, groups } = room();
  const crash = {};
  groups.ended(crash, 'new');
  groups.lostDrawn(lost(crash, true), { arm: 'new', order: 3, recorded: suspect });
  groups.lostDrawn(lost(crash, true), { arm: 'new', order: 5, recorded: undefined });
  groups.lostDrawn(lost(crash, false), { arm: 'new', order: 6, recorded: undefined });
  await clock.advance(1);
  expect(book.settleTogether.mock.calls).toEqual([[[3, 5], 'crash', false]]);
  expect(book.settle.mock.calls).toEqual([[6, { kind: 'part_of_crash' }]]);
  expect(book.crashWhileIdle).not.toHaveBeenCalled();
  expect(onCrash.mock.calls).toEqual([['new', [suspect]]]);
});

test('what waits on the old version is run again: its outcome is its own', async () => {
  const { clock, book, groups } = room();
  groups.lostDrawn(lost({}, false), { arm: 'old', order: 1, recorded: undefined });
  await clock.advance(1);
  expect(book.settle).not.toHaveBeenCalled();
});

test('a request that was not drawn and ran with them may be the culprit', async () => {
  const { clock, book, groups } = room();
  const crash = {};
  groups.lostOther(lost(crash, true), 'new');
  groups.lostDrawn(lost(crash, true), { arm: 'new', order: 1, recorded: undefined });
  await clock.advance(1);
  expect(book.settleTogether.mock.calls).toEqual([[[1], 'crash', true]]);
});

test('a crash with nothing drawn in it is an event of its own, unless something else was in it', async () => {
  const { clock, book, groups } = room();
  groups.ended({}, 'old');
  const other = {};
  groups.ended(other, 'new');
  groups.lostOther(lost(other, true), 'new');
  await clock.advance(1);
  expect(book.crashWhileIdle.mock.calls).toEqual([['old', 2]]);
});

test('two crashes are two events, and each is told once', async () => {
  const { clock, book, onCrash, groups } = room();
  const [first, second] = [{}, {}];
  groups.lostDrawn(lost(first, true), { arm: 'new', order: 1, recorded: undefined });
  await clock.advance(1);
  groups.ended(first, 'new');
  groups.lostDrawn(lost(second, true), { arm: 'new', order: 2, recorded: undefined });
  await clock.advance(2000);
  expect(book.settleTogether).toHaveBeenCalledTimes(2);
  expect(onCrash).toHaveBeenCalledTimes(2);
});
