import { expect, test } from 'vitest';
import { giveBack, giveBackTensors } from '../../../src/adapters/onnx/runner/give-back.ts';

const LONG = 64 * 1024;

test('a long body is freed at once, and so is whatever views it', () => {
  const body = Buffer.allocUnsafeSlow(LONG);
  const view = new Float32Array(body.buffer, 0, 4);
  giveBack(body);
  expect([body.buffer.byteLength, body.length, view.length]).toEqual([0, 0, 0]);
  expect(() => giveBack(body)).not.toThrow();
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
