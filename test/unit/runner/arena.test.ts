import { readdirSync, readSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../../src/adapters/onnx/runner/arena.ts';
import { arenaDirectory } from '../../../src/adapters/onnx/runner/arena-file.ts';
import { ArenaPayload, INLINE_BYTES } from '../../../src/adapters/onnx/runner/payload.ts';
import { AppError } from '../../../src/core/errors.ts';

const dir = arenaDirectory(undefined, true);
const newArena = (capacityBytes = 1 << 20, maxBodyBytes = 1 << 19) => new Arena({ dir, capacityBytes, maxBodyBytes });

function bytesAt(arena: Arena, payload: ArenaPayload): Buffer {
  if (typeof payload.at !== 'number') return Buffer.from(payload.at);
  const out = Buffer.alloc(payload.bytes);
  readSync(arena.readOnlyFd, out, 0, out.length, payload.at);
  return out;
}

function store(arena: Arena, chunks: readonly Uint8Array[], expected?: number): ArenaPayload {
  using writer = arena.open(expected);
  for (const chunk of chunks) writer.write(chunk);
  const payload = writer.finish();
  if (!(payload instanceof ArenaPayload)) throw new TypeError('not an arena payload');
  return payload;
}

const pattern = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 31 + 7) % 251));

describe('a body', () => {
  test.each([0, 1, INLINE_BYTES, INLINE_BYTES + 1, 100_000, 400_000])('of %d bytes is kept as it came', (bytes) => {
    using arena = newArena();
    const body = pattern(bytes);
    for (const expected of [undefined, bytes]) {
      const chunks = [body.subarray(0, bytes >> 1), body.subarray(bytes >> 1)];
      using payload = store(arena, chunks, expected);
      expect(payload.bytes).toBe(bytes);
      expect(bytesAt(arena, payload).equals(body)).toBe(true);
      expect(body.equals(payload.copy())).toBe(true);
    }
    expect(arena.usedBytes).toBe(0);
  });

  test('that is small stays out of the arena', () => {
    using arena = newArena();
    using payload = store(arena, [pattern(INLINE_BYTES)]);
    expect(payload.at).toBeInstanceOf(Uint8Array);
  });

  test.each([100, 20_000])('of %d bytes can be copied, and the copy outlives it', (bytes) => {
    using arena = newArena();
    const payload = store(arena, [pattern(bytes)]);
    const copy = payload.copy();
    payload[Symbol.dispose]();
    using _next = store(arena, [new Uint8Array(bytes)]);
    expect(pattern(bytes).equals(copy)).toBe(true);
  });

  test('of unknown length outgrows its slot without losing a byte', () => {
    using arena = newArena(4 << 20, 2 << 20);
    const body = pattern(1_500_000);
    const chunks = Array.from({ length: 15 }, (_, i) => body.subarray(i * 100_000, (i + 1) * 100_000));
    using payload = store(arena, chunks);
    expect(bytesAt(arena, payload).equals(body)).toBe(true);
  });

  test('is given back when its last holder is done, and only once', () => {
    using arena = newArena();
    const first = store(arena, [pattern(20_000)], 20_000);
    const second = first.retain();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(arena.usedBytes).toBeGreaterThanOrEqual(20_000);
    second[Symbol.dispose]();
    expect(arena.usedBytes).toBe(0);
  });

  test('that can not be copied to its larger slot gives both slots back', () => {
    class FullArena extends Arena {
      override move(): void {
        throw new AppError('overloaded', 'There is no room.');
      }
    }
    using arena = new FullArena({ dir, capacityBytes: 4 << 20, maxBodyBytes: 2 << 20 });
    const chunks = Array.from({ length: 4 }, () => pattern(100_000));
    expect(() => store(arena, chunks)).toThrow('There is no room.');
    expect(arena.usedBytes).toBe(0);
  });

  test('that is broken off gives its space back', () => {
    using arena = newArena();
    {
      using writer = arena.open(100_000);
      writer.write(pattern(50_000));
    }
    expect(arena.usedBytes).toBe(0);
  });
});

describe('limits', () => {
  test('a body over the limit is refused by its declared length', () => {
    using arena = newArena();
    expect(() => arena.open(arena.maxBodyBytes + 1)).toThrow(expect.objectContaining({ code: 'body_too_large' }));
  });

  test('a body that grows over the limit is refused and leaves nothing', () => {
    using arena = newArena();
    expect(() =>
      store(
        arena,
        Array.from({ length: 6 }, () => pattern(100_000)),
      ),
    ).toThrow(expect.objectContaining({ code: 'body_too_large' }));
    expect(arena.usedBytes).toBe(0);
  });

  test('too many bytes in flight are refused until some are given back', () => {
    using arena = newArena(1 << 20, 1 << 19);
    const first = store(arena, [pattern(500_000)], 500_000);
    const second = store(arena, [pattern(500_000)], 500_000);
    expect(() => arena.open(400_000)).toThrow(expect.objectContaining({ code: 'overloaded', retryAfterS: 1 }));
    first[Symbol.dispose]();
    store(arena, [pattern(400_000)], 400_000)[Symbol.dispose]();
    second[Symbol.dispose]();
  });
});

test('the file has no name, and its read-only descriptor can not be written', () => {
  const before = new Set(readdirSync(dir));
  using arena = newArena();
  expect(readdirSync(dir).filter((name) => name.startsWith('echoserve-') && !before.has(name))).toEqual([]);
  expect(statSync(`/proc/self/fd/${arena.readOnlyFd}`).size).toBe(arena.capacityBytes);
});

test('a directory on a disk is refused unless that is asked for', () => {
  const onDisk = process.cwd();
  expect(() => arenaDirectory(onDisk, false)).toThrow(
    expect.objectContaining({ next: expect.stringContaining('--allow-disk-arena') }),
  );
  expect(arenaDirectory(onDisk, true)).toBe(onDisk);
  expect(arenaDirectory(undefined, true).length).toBeGreaterThan(0);
});
