import type { PositionalFile } from './positional-file.ts';
import { malformed, unloadable } from './unloadable.ts';

/** Bytes [start, end) of the file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One field of a protobuf message. Its payload is not read unless somebody asks for it. */
export interface Field extends Span {
  readonly number: number;
  readonly wire: number;
  /** Where its tag begins: [tagStart, end) is the whole field. */
  readonly tagStart: number;
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** Names and labels are short; a longer one is an attempt to fill the memory. */
const MAX_TEXT_BYTES = 65_536;

/**
 * A byte order mark is part of a name, as it is for onnxruntime: without it, a key that onnxruntime does not know would
 * be read here as one that it does. Bytes that are not UTF-8 become U+FFFD.
 */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The fields of the message in `span`, in the order of the file. Payloads are stepped over by their length, which is
 * why this is not @bufbuild/protobuf's reader: that one wants the whole message in memory.
 * @throws AppError `model_unloadable` where the bytes are no protobuf
 */
export function* fields(file: PositionalFile, span: Span): Generator<Field, void, undefined> {
  let position = span.start;
  while (position < span.end) {
    const tagStart = position;
    const [tag, start] = varint(file, position, span.end);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (tag < 8 || tag > 0xffffffff) throw malformed('there is no valid field', tagStart);
    const field = { number, wire, tagStart, ...payload(file, wire, { start, end: span.end }) };
    if (field.end > span.end) throw malformed(`field ${number} is longer than what holds it`, tagStart);
    yield field;
    position = field.end;
  }
}

function payload(file: PositionalFile, wire: number, rest: Span): Span {
  const { start, end } = rest;
  switch (wire) {
    case VARINT:
      return { start, end: varint(file, start, end)[1] };
    case FIXED64:
      return { start, end: start + 8 };
    case FIXED32:
      return { start, end: start + 4 };
    case DELIMITED: {
      const [length, begin] = varint(file, start, end);
      if (length < 0) throw malformed('a length is impossible', start);
      return { start: begin, end: begin + length };
    }
    default:
      throw malformed(`a field has the unknown wire type ${wire}`, start);
  }
}

/** The value (as a signed 64-bit integer, rounded past 2^53) and the position behind it. */
function varint(file: PositionalFile, start: number, limit: number): readonly [number, number] {
  let value = 0;
  for (let i = 0; i < 7; i += 1) {
    const byte = byteWithin(file, start + i, limit);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  let wide = BigInt(value);
  for (let i = 7; i < 10; i += 1) {
    const byte = byteWithin(file, start + i, limit);
    wide |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return [Number(BigInt.asIntN(64, wide)), start + i + 1];
  }
  throw malformed('a number has more than ten bytes', start);
}

function byteWithin(file: PositionalFile, position: number, limit: number): number {
  if (position >= limit) throw malformed('a number is cut off', position);
  return file.byteAt(position);
}

/** The number in a varint field. */
export function integerOf(file: PositionalFile, field: Field): number {
  expectWire(field, VARINT);
  return varint(file, field.start, field.end)[0];
}

/** The numbers in one occurrence of a repeated varint field, packed or not. */
export function* integersOf(file: PositionalFile, field: Field): Generator<number, void, undefined> {
  if (field.wire === VARINT) {
    yield integerOf(file, field);
    return;
  }
  expectWire(field, DELIMITED);
  for (let position = field.start; position < field.end; ) {
    const [value, next] = varint(file, position, field.end);
    yield value;
    position = next;
  }
}

/** The text in a string field. */
export function textOf(file: PositionalFile, field: Field): string {
  expectWire(field, DELIMITED);
  if (field.end - field.start > MAX_TEXT_BYTES) {
    throw unloadable(`A name at byte ${field.start} of the model file has more than ${MAX_TEXT_BYTES} bytes.`);
  }
  return utf8.decode(file.bytes(field.start, field.end));
}

/** The fields of the message in a field. */
export function fieldsOf(file: PositionalFile, field: Field): Generator<Field, void, undefined> {
  expectWire(field, DELIMITED);
  return fields(file, field);
}

function expectWire(field: Field, wire: number): void {
  if (field.wire !== wire) throw malformed(`field ${field.number} has the wrong wire type`, field.tagStart);
}
