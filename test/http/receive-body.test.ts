import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { receiveBody } from '../../src/http/infer/receive-body.ts';
import { FakePayloads } from '../helpers/serving/fake-payloads.ts';

const CHUNK = 64 * 1024;

it('reads a long body in several turns of the event loop, whole and in order', async () => {
  const payloads = new FakePayloads();
  payloads.capacityBytes = 10e6;
  // Everything has come already, as after a pause of the server.
  const chunks = Array.from({ length: 20 }, (_, index) => Buffer.alloc(CHUNK, index));
  const source = Readable.from(chunks, { objectMode: false, highWaterMark: 100 * CHUNK });
  const open = (expectedBytes: number | undefined) => payloads.open(expectedBytes);
  const received = receiveBody(source, { declaredBytes: undefined, limitBytes: 10e6, open });
  let most = 0;
  for (let before = payloads.usedBytes; payloads.usedBytes < 20 * CHUNK; before = payloads.usedBytes) {
    await turn();
    most = Math.max(most, payloads.usedBytes - before);
  }
  expect(most).toBeLessThanOrEqual(6 * CHUNK);
  using payload = await received;
  expect(Buffer.compare(Buffer.from(payload.copy()), Buffer.concat(chunks))).toBe(0);
});
