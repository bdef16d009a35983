import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Frame, FrameReader, jsonFrame, Kind } from '../../../src/adapters/onnx/runner/frame.ts';
import {
  decodeBegan,
  decodeForget,
  decodeInfer,
  decodePart,
  encodeBegan,
  encodeForget,
  encodeInfer,
  encodePart,
} from '../../../src/adapters/onnx/runner/messages.ts';

const encoding = fc.constantFrom(undefined, 'gzip' as const, 'deflate' as const);
const length = fc.nat({ max: 2 ** 40 });
const bytes = fc.uint8Array({ maxLength: 64 });

function readAll(stream: Buffer, cuts: readonly number[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(({ kind, id, body }) => frames.push({ kind, id, body: Buffer.from(body) }));
  const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  for (let i = 1; i < edges.length; i += 1) reader.push(stream.subarray(edges[i - 1], edges[i]));
  return frames;
}

test('frames come out whole and in order however the stream is cut', () => {
  const frame = fc.record({ kind: fc.integer({ min: 1, max: 255 }), id: fc.nat(), value: fc.string() });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(({ kind, id, value }) => jsonFrame(kind, id, value)));
      const got = readAll(stream, cuts).map(({ kind, id, body }) => ({ kind, id, value: JSON.parse(body.toString()) }));
      expect(got).toEqual(sent);
    }),
  );
});

test('a stream that can not be frames is refused', () => {
  expect(() => new FrameReader(() => {}).push(Buffer.from([0, 0, 0, 0, 1]))).toThrow(RangeError);
  expect(() => new FrameReader(() => {}).push(Buffer.from([255, 255, 255, 255, 1]))).toThrow(RangeError);
});

test('an infer message survives its frame', () => {
  const message = fc.record({
    arrivedAtMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    deadlineMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    alone: fc.boolean(),
    observe: fc.boolean(),
    tellsBegan: fc.boolean(),
    detached: fc.boolean(),
    contentEncoding: encoding,
    acceptEncoding: encoding,
    priority: fc.option(fc.nat(), { nil: undefined }),
    headerLength: fc.option(length, { nil: undefined }),
    bytes: length,
    at: fc.oneof(length, bytes),
  });
  fc.assert(
    fc.property(fc.nat(), message, (id, sent) => {
      const [frame] = readAll(encodeInfer(id, sent), []);
      expect(frame?.kind).toBe(Kind.infer);
      expect(frame?.id).toBe(id);
      const got = decodeInfer(frame?.body ?? Buffer.alloc(0));
      const at = typeof got.at === 'number' ? got.at : Uint8Array.from(got.at);
      expect({ ...got, at }).toEqual(sent);
    }),
  );
});

test('a part of an answer survives its frame', () => {
  const time = fc.double({ min: 0, max: 1e6, noNaN: true });
  const part = fc.record({
    last: fc.boolean(),
    place: fc.oneof(fc.nat({ max: 1000 }), bytes),
    contentEncoding: encoding,
    headerLength: fc.option(length, { nil: undefined }),
    decodeMs: time,
    queueMs: time,
    computeMs: time,
    encodeMs: time,
    batchSize: fc.nat({ max: 4096 }),
    observed: fc.option(fc.record({ isFinite: fc.boolean(), cpuMs: time }), { nil: undefined }),
  });
  fc.assert(
    fc.property(part, ({ place, ...fields }) => {
      const slot = typeof place === 'number' ? place : undefined;
      const inline = typeof place === 'number' ? undefined : place;
      const sent = { ...fields, slot, inline, bytes: inline?.length ?? 77 };
      const [frame] = readAll(encodePart(5, sent), []);
      const got = decodePart(frame?.body ?? Buffer.alloc(0));
      expect({ ...got, inline: got.inline === undefined ? undefined : Uint8Array.from(got.inline) }).toEqual(sent);
    }),
  );
});

test('the sequence to forget, or that all are meant, survives its frame', () => {
  fc.assert(
    fc.property(fc.option(fc.string(), { nil: undefined }), (id) => {
      const [frame] = readAll(encodeForget(id), []);
      expect(decodeForget(frame?.body ?? Buffer.alloc(0))).toBe(id);
    }),
  );
});

test('the ids of a batch, and whether it is run, survive their frame', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 0xffff_fffe })), fc.boolean(), fc.boolean(), (ids, isRun, isNoted) => {
      const [frame] = readAll(encodeBegan({ ids, isRun, isNoted }), []);
      expect(decodeBegan(frame?.body ?? Buffer.alloc(0))).toEqual({ ids, isRun, isNoted });
    }),
  );
});
