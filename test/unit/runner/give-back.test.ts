import { expect, test } from 'vitest';
import { giveBack, giveBackTensors, takeMemory } from '../../../src/adapters/onnx/runner/give-back.ts';

const LONG = 64 * 1024;

test('a long body is freed at once, and so is whatever views it', () => {
  const body = Buffer.allocUnsafeSlow(LONG);
  const view = new Float32Array(body.buffer, 0, 4);
  giveBack(body);
  expect([body.buffer.byteLength, body.length, view.length]).toEqual([0, 0, 0]);
  expect(() => giveBack(body)).not.toThrow();
});

test('the memory of a long body is that of the next one, and none of what viewed the first sees the second', () => {
  const first = takeMemory(LONG);
  first.fill(1);
  giveBack(first);
  const second = takeMemory(LONG - 100);
  expect([first.length, second.length]).toEqual([0, LONG - 100]);
  // Nobody cleared it: it is the same.
  expect(second[0]).toBe(1);
});

test('memory that is given back is kept within a bound', () => {
  const before = process.memoryUsage().arrayBuffers;
  const taken = Array.from({ length: 300 }, () => takeMemory(LONG));
  const most = process.memoryUsage().arrayBuffers;
  for (const block of taken) giveBack(block);
  const after = process.memoryUsage().arrayBuffers;
  expect(most - before).toBeGreaterThan(18e6);
  expect(after - before).toBeLessThan(9e6);
});

test('a short one is left alone: its memory may be a pool’s', () => {
  const pooled = Buffer.from('short');
  const neighbour = Buffer.from('neighbour');
  giveBack(pooled);
  expect([pooled.toString(), neighbour.toString()]).toEqual(['short', 'neighbour']);
});

test('tensors are freed, text has nothing to free', () => {
  const data = new Float32Array(LONG);
  giveBackTensors([
    { name: 'a', datatype: 'FP32', shape: [LONG], data },
    { name: 'b', datatype: 'BYTES', shape: [1], data: ['text'] },
  ]);
  expect(data.length).toBe(0);
});

test('memory that is shared with another thread is not ours to free', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(LONG));
  giveBack(shared);
  expect(shared.length).toBe(LONG);
});
