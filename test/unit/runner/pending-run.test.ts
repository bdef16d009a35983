import { expect, test } from 'vitest';
import { Arena } from '../../../src/adapters/onnx/runner/arena.ts';
import { arenaDirectory } from '../../../src/adapters/onnx/runner/arena-file.ts';
import type { PartMessage } from '../../../src/adapters/onnx/runner/messages.ts';
import { ArenaPayload } from '../../../src/adapters/onnx/runner/payload.ts';
import { PendingRun } from '../../../src/adapters/onnx/runner/pending-run.ts';
import { ResponseArena } from '../../../src/adapters/onnx/runner/response-arena.ts';
import type { RunReply } from '../../../src/serving/ports/engine.ts';

const dir = arenaDirectory(undefined, true);

const FIRST_PART: PartMessage = {
  last: false,
  slot: undefined,
  bytes: 3,
  inline: Uint8Array.of(1, 2, 3),
  contentEncoding: undefined,
  headerLength: undefined,
  decodeMs: 0,
  queueMs: 0,
  computeMs: 0,
  encodeMs: 0,
  batchSize: 1,
  observed: undefined,
};

test('an error after the first parts of an answer ends the request, and gives its body back', async () => {
  using arena = new Arena({ dir, capacityBytes: 1 << 20, maxBodyBytes: 1 << 19 });
  using responses = new ResponseArena(dir);
  using writer = arena.open(20_000);
  writer.write(new Uint8Array(20_000));
  const payload = writer.finish();
  if (!(payload instanceof ArenaPayload)) throw new TypeError('not an arena payload');
  const answer = new Promise<RunReply>((resolve, reject) => {
    const pending = new PendingRun(payload, { deadlineMs: 1000 }, resolve, reject);
    expect(pending.take(FIRST_PART, responses)).toBe(false);
    pending.refuse({ code: 'overloaded', message: 'No room.', next: 'Retry.', retryAfterS: 1 });
  });
  await expect(answer).rejects.toMatchObject({
    code: 'overloaded',
    message: 'No room.',
    next: 'Retry.',
    retryAfterS: 1,
  });
  expect(arena.usedBytes).toBe(0);
});
