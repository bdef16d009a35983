import { afterEach, beforeEach, expect, test } from 'vitest';
import { readFootprint } from '../../../src/adapters/process-memory.ts';
import { identity } from '../../helpers/onnx/models.ts';
import { EngineRoom } from '../../helpers/runner/engine.ts';

const ELEMENTS = 150_000;

let room: EngineRoom;

beforeEach(() => {
  room = new EngineRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

function request(value: number) {
  const header = JSON.stringify({
    inputs: [{ name: 'x', shape: [ELEMENTS], datatype: 'FP32', parameters: { binary_data_size: 4 * ELEMENTS } }],
    outputs: [{ name: 'y', parameters: { binary_data: true } }],
  });
  const data = new Float32Array(ELEMENTS).fill(value);
  return { body: Buffer.concat([Buffer.from(header), Buffer.from(data.buffer)]), headerLength: header.length };
}

test('what a run was given is freed after it, and no answer is of freed memory', async () => {
  const runner = await room.start(identity('FP32', [-1]));
  const before = await readFootprint(runner.pid);
  let most = 0;
  for (let round = 0; round < 20; round += 1) {
    const values = [0, 1, 2, 3, 4, 5].map((index) => 10 * round + index);
    const replies = await Promise.all(
      values.map((value) => {
        const { body, headerLength } = request(value);
        return room.run(runner, body, { headerLength, alone: value % 2 === 0 });
      }),
    );
    replies.forEach(({ body, headerLength = 0 }, index) => {
      const data = new Float32Array(Uint8Array.from(body.subarray(headerLength)).buffer);
      expect([data.length, data[0], data.at(-1)]).toEqual([ELEMENTS, values[index], values[index]]);
    });
    most = Math.max(most, (await readFootprint(runner.pid))?.privateBytes ?? 0);
  }
  // 120 requests of 600 kB, and as many answers: the most that is there at once is what was sent at once.
  expect(most - (before?.privateBytes ?? 0)).toBeLessThan(30e6);
});
