import { expect, test } from 'vitest';
import { FrameWriter } from '../../../src/adapters/onnx/runner/frame-writer.ts';

/** A socket whose kernel takes `room` bytes, then none. */
class Sink {
  readonly writes: string[] = [];
  writableLength = 0;
  room = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  write(bytes: Uint8Array, done?: () => void): void {
    this.writes.push(Buffer.from(bytes).toString());
    this.room -= bytes.length;
    if (this.room < 0) this.writableLength += bytes.length;
    if (done !== undefined) this.#waiting.push(done);
  }

  drain(): void {
    this.writableLength = 0;
    for (const done of this.#waiting.splice(0)) done();
  }
}

function open() {
  const sink = new Sink();
  const due: (() => void)[] = [];
  const writer = new FrameWriter(sink, (flush) => due.push(flush));
  const send = (...frames: string[]) => {
    for (const frame of frames) writer.send(Buffer.from(frame));
  };
  return { sink, due, writer, send };
}

test('what is collected leaves in one write, in order', () => {
  const { sink, due, send } = open();
  send('a', 'b', 'c');
  expect(sink.writes).toEqual([]);
  expect(due).toHaveLength(1);
  due[0]?.();
  expect(sink.writes).toEqual(['abc']);
  send('d');
  due[1]?.();
  expect(sink.writes).toEqual(['abc', 'd']);
});

test('sixteen frames leave at once, and the rest when it is due', () => {
  const { sink, due, send } = open();
  send(...Array.from({ length: 20 }, (_, index) => String.fromCharCode(97 + index)));
  expect(sink.writes).toEqual(['abcdefghijklmnop']);
  for (const flush of due) flush();
  expect(sink.writes).toEqual(['abcdefghijklmnop', 'qrst']);
});

test('that all has left is known at once where the kernel has taken it', () => {
  const { sink, writer, send } = open();
  send('a');
  expect(writer.left()).toBeUndefined();
  expect(sink.writes).toEqual(['a']);
});

test('and otherwise once it takes it', async () => {
  const { sink, writer, send } = open();
  sink.room = 0;
  send('a');
  let hasLeft = false;
  const left = writer.left()?.then(() => {
    hasLeft = true;
  });
  await Promise.resolve();
  expect(hasLeft).toBe(false);
  sink.drain();
  await left;
  expect(hasLeft).toBe(true);
});
