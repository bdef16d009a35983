import { describe, expect, test } from 'vitest';
import { WaitingLine, type WaitingRequest } from '../../../src/adapters/onnx/runner/waiting.ts';
import { DEFAULT_PRIORITY } from '../../../src/core/traffic/priority.ts';

function waiting(id: number, more: Partial<WaitingRequest> = {}): WaitingRequest {
  return {
    id,
    request: { inputs: [], outputs: [] },
    batchKey: 'a',
    rows: 1,
    sequence: undefined,
    stateRows: 0,
    priority: DEFAULT_PRIORITY,
    deadlineMs: 1000,
    acceptEncoding: undefined,
    observe: false,
    tellsBegan: false,
    decodeMs: 0,
    arrivedAtMs: 0,
    heldBytes: 10,
    ...more,
  };
}

function lineOf(...requests: WaitingRequest[]): WaitingLine {
  const line = new WaitingLine();
  for (const request of requests) line.add(request);
  return line;
}

/** What goes next, out of the line. */
function takeBatch(line: WaitingLine, maxRows: number): WaitingRequest[] {
  const batch = line.nextBatch(maxRows);
  line.take(batch);
  return batch;
}

const ids = (requests: readonly WaitingRequest[]) => requests.map((request) => request.id);

describe('a batch', () => {
  test('takes everything that waits and can share a run', () => {
    const line = lineOf(waiting(1), waiting(2), waiting(3));
    expect(ids(takeBatch(line, 32))).toEqual([1, 2, 3]);
    expect(line.length).toBe(0);
  });

  test('leaves out what has other shapes, and keeps its place', () => {
    const line = lineOf(waiting(1), waiting(2, { batchKey: 'b' }), waiting(3));
    expect(ids(takeBatch(line, 32))).toEqual([1, 3]);
    expect(ids(takeBatch(line, 32))).toEqual([2]);
  });

  test('stays within the row limit', () => {
    const line = lineOf(waiting(1, { rows: 3 }), waiting(2, { rows: 2 }), waiting(3, { rows: 1 }));
    expect(ids(takeBatch(line, 4))).toEqual([1, 3]);
    expect(ids(takeBatch(line, 4))).toEqual([2]);
  });

  test('of one request may have more rows than the limit', () => {
    expect(ids(takeBatch(lineOf(waiting(1, { rows: 100 }), waiting(2)), 4))).toEqual([1]);
  });

  test('is a single request where it can share with none', () => {
    const line = lineOf(waiting(1, { batchKey: undefined }), waiting(2, { batchKey: undefined }));
    expect(ids(takeBatch(line, 32))).toEqual([1]);
  });

  test('is empty when nothing waits', () => {
    expect(takeBatch(lineOf(), 4)).toEqual([]);
  });
});

test('the most urgent go first, equals in the order of arrival', () => {
  const alone = { batchKey: undefined };
  const line = lineOf(
    waiting(1, alone),
    waiting(2, { ...alone, priority: 1 }),
    waiting(3, { ...alone, priority: 200 }),
    waiting(4, { ...alone, priority: 1 }),
  );
  expect([1, 2, 3, 4].flatMap(() => ids(takeBatch(line, 1)))).toEqual([2, 4, 1, 3]);
});

test('what can no longer be answered in time is taken out', () => {
  const line = lineOf(waiting(1, { deadlineMs: 10 }), waiting(2, { deadlineMs: 30 }));
  expect(ids(line.takeExpired(9))).toEqual([]);
  expect(ids(line.takeExpired(10))).toEqual([1]);
  expect(ids(takeBatch(line, 4))).toEqual([2]);
});

test('a cancelled request leaves the line, once', () => {
  const line = lineOf(waiting(1), waiting(2));
  expect(line.remove(1)?.id).toBe(1);
  expect(line.remove(1)).toBeUndefined();
  expect(ids(takeBatch(line, 4))).toEqual([2]);
});

test('a batch that is put back goes first among its equals, each by itself', () => {
  const line = lineOf(waiting(1), waiting(2, { priority: 200 }), waiting(3));
  const batch = takeBatch(line, 32);
  line.add(waiting(4));
  line.add(waiting(5, { priority: 1 }));
  line.putBack(batch);
  expect([1, 2, 3, 4, 5].flatMap(() => ids(takeBatch(line, 1)))).toEqual([5, 1, 3, 4, 2]);
});

test('where no runs are shared, each is taken by itself', () => {
  const line = lineOf(waiting(1), waiting(2, { rows: 0 }), waiting(3));
  expect(ids(takeBatch(line, 0))).toEqual([1]);
  expect(ids(takeBatch(line, 0))).toEqual([2]);
});

test('what the line holds is counted until it leaves it, whichever way', () => {
  const line = lineOf(
    waiting(1),
    waiting(2),
    waiting(3, { batchKey: 'b', deadlineMs: 5 }),
    waiting(4, { batchKey: undefined }),
  );
  expect(line.heldBytes).toBe(40);
  line.takeExpired(10);
  expect(line.heldBytes).toBe(30);
  const batch = takeBatch(line, 32);
  expect([ids(batch), line.heldBytes]).toEqual([[1, 2], 10]);
  line.putBack(batch);
  expect(line.heldBytes).toBe(30);
  line.remove(4);
  takeBatch(line, 32);
  takeBatch(line, 32);
  expect([line.length, line.heldBytes]).toEqual([0, 0]);
});
