import { closeSync, openSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Frame, FrameReader, Kind } from '../../../src/adapters/onnx/runner/frame.ts';
import { decodePart, type ErrorMessage } from '../../../src/adapters/onnx/runner/messages.ts';
import { type AnswerFields, Outbox, RESPONSE_SLOTS, SLOT_BYTES } from '../../../src/adapters/onnx/runner/outbox.ts';
import { type SlotWriter, slotWriter } from '../../../src/adapters/onnx/runner/slot-writer.ts';

const FIELDS: AnswerFields = {
  contentEncoding: undefined,
  headerLength: undefined,
  decodeMs: 0,
  queueMs: 0,
  computeMs: 0,
  encodeMs: 0,
  batchSize: 1,
  observed: undefined,
};

/** What an outbox has sent, as the front reads it. */
interface Sent {
  readonly id: number;
  readonly part?: { readonly slot: number | undefined; readonly bytes: number; readonly last: boolean };
  readonly error?: ErrorMessage;
}

function sentOf({ kind, id, body }: Frame): Sent {
  if (kind === Kind.error) return { id, error: JSON.parse(body.toString()) };
  const { slot, bytes, last } = decodePart(body);
  return { id, part: { slot, bytes, last } };
}

class Room {
  readonly sent: Sent[] = [];
  readonly warnings: string[] = [];
  writeSlot: SlotWriter = () => {};
  readonly #reader = new FrameReader((frame) => this.sent.push(sentOf(frame)));
  readonly outbox = new Outbox({
    send: (frame) => this.#reader.push(frame),
    writeSlot: (views, position) => this.writeSlot(views, position),
    warn: (text) => this.warnings.push(text),
  });

  answer(id: number, bytes: number): void {
    this.outbox.answer(id, [new Uint8Array(bytes)], FIELDS);
  }

  /** The slots in which the last `count` frames were. */
  slots(count: number): (number | undefined)[] {
    return this.sent.slice(-count).map(({ part }) => part?.slot);
  }
}

/** A device on which every write fails for want of room, as on a full file system. */
function fullDevice(): SlotWriter {
  const fd = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(fd));
  return slotWriter(fd);
}

const broken: SlotWriter = () => {
  throw new Error('input/output error');
};

describe('an answer', () => {
  test('that is short needs no slot', () => {
    const room = new Room();
    room.answer(1, 100);
    expect(room.sent).toEqual([{ id: 1, part: { slot: undefined, bytes: 100, last: true } }]);
  });

  test('that is long goes part by part, each when the front has read the one before', () => {
    const room = new Room();
    const written: number[] = [];
    room.writeSlot = (views, position) => written.push(position, ...views.map((view) => view.length));
    room.answer(1, 2 * SLOT_BYTES + 5);
    expect(room.sent).toHaveLength(1);
    room.outbox.credit(0);
    room.outbox.credit(0);
    room.outbox.credit(0);
    expect(room.sent.map(({ part }) => part?.bytes)).toEqual([SLOT_BYTES, SLOT_BYTES, 5]);
    expect(room.sent.map(({ part }) => part?.last)).toEqual([false, false, true]);
    expect(written).toEqual([0, SLOT_BYTES, 0, SLOT_BYTES, 0, 5]);
  });

  test('for which no slot is free waits for one, after those that have begun', () => {
    const room = new Room();
    room.answer(1, SLOT_BYTES + 1);
    for (let id = 2; id <= RESPONSE_SLOTS + 1; id += 1) room.answer(id, 20_000);
    expect(room.sent).toHaveLength(RESPONSE_SLOTS);
    room.outbox.credit(0);
    expect(room.sent.at(-1)).toMatchObject({ id: 1, part: { bytes: 1, last: true } });
    room.outbox.credit(7);
    expect(room.sent.at(-1)).toMatchObject({ id: RESPONSE_SLOTS + 1, part: { slot: 7 } });
  });
});

describe('long answers hold memory', () => {
  test('until their last part is sent', async () => {
    const room = new Room();
    expect(room.outbox.below(SLOT_BYTES)).toBeUndefined();
    room.answer(1, 2 * SLOT_BYTES);
    let isBelow = false;
    const below = room.outbox.below(SLOT_BYTES)?.then(() => {
      isBelow = true;
    });
    await Promise.resolve();
    expect(isBelow).toBe(false);
    room.outbox.credit(0);
    await below;
    expect(room.outbox.below(1)).toBeUndefined();
  });

  test('or until they fail', async () => {
    const room = new Room();
    room.answer(1, 2 * SLOT_BYTES);
    const below = room.outbox.below(SLOT_BYTES);
    expect(below).toBeDefined();
    room.writeSlot = broken;
    room.outbox.credit(0);
    await below;
  });
});

describe.skipIf(process.platform !== 'linux')('when shared memory is full', () => {
  test('answers are refused with when to retry, and none is kept waiting once there is room', () => {
    const room = new Room();
    room.writeSlot = fullDevice();
    for (let id = 1; id <= RESPONSE_SLOTS + 8; id += 1) room.answer(id, 20_000);
    expect(room.sent).toHaveLength(RESPONSE_SLOTS + 8);
    for (const { error } of room.sent) expect(error).toMatchObject({ code: 'overloaded', retryAfterS: 1 });
    expect(room.warnings).toEqual([]);
    room.writeSlot = () => {};
    for (let id = 1; id <= RESPONSE_SLOTS; id += 1) room.answer(id, 20_000);
    expect(new Set(room.slots(RESPONSE_SLOTS)).size).toBe(RESPONSE_SLOTS);
    expect(room.slots(RESPONSE_SLOTS)).not.toContain(undefined);
  });

  test('an answer that is sent in part ends with an error, and its slot serves another', () => {
    const room = new Room();
    room.answer(1, 3 * SLOT_BYTES);
    room.writeSlot = fullDevice();
    room.outbox.credit(0);
    expect(room.sent.at(-1)).toMatchObject({ id: 1, error: { code: 'overloaded' } });
    room.writeSlot = () => {};
    room.answer(2, 20_000);
    expect(room.sent.at(-1)).toMatchObject({ id: 2, part: { slot: 0, last: true } });
  });

  test('those that waited for a slot are refused too', () => {
    const room = new Room();
    for (let id = 1; id <= RESPONSE_SLOTS + 2; id += 1) room.answer(id, 20_000);
    room.writeSlot = fullDevice();
    room.outbox.credit(3);
    expect(room.sent.slice(RESPONSE_SLOTS)).toMatchObject([
      { id: RESPONSE_SLOTS + 1, error: { code: 'overloaded' } },
      { id: RESPONSE_SLOTS + 2, error: { code: 'overloaded' } },
    ]);
  });
});

test('a failure that nobody foresaw is told to the operator in full, and to the client not', () => {
  const room = new Room();
  room.writeSlot = broken;
  room.answer(1, 20_000);
  const [sent] = room.sent;
  expect(sent?.error?.code).toBe('internal');
  expect(JSON.stringify(sent)).not.toMatch(/input\/output|\.ts:/);
  expect(room.warnings).toEqual([expect.stringMatching(/input\/output error\n\s+at .*outbox\.test\.ts/s)]);
});
