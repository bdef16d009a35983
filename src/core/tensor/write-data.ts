import { AppError } from '../errors.ts';
import type { Tensor } from './datatype.ts';
import { isHalf, isTextData } from './elements.ts';
import { quote } from './fault.ts';
import { float32Text, MAX_FLOAT32_TEXT, writeFloat32 } from './float-text.ts';
import type { JsonWriter } from './json-writer.ts';

const COMMA = 44;
const NULL = [110, 117, 108, 108];

/** Up to here text costs less than a buffer for digits. */
const FEW = 32;

/** Elements written between two looks at the room left. */
const BLOCK = 4096;

/**
 * Writes a tensor's elements as one flat JSON array. NaN and infinities become null; INT64 and UINT64 are exact.
 *
 * @throws AppError `invalid_request` for FP16 and BF16, which have no JSON form
 */
export function writeData(writer: JsonWriter, tensor: Tensor): void {
  if (tensor.data instanceof Float32Array) writeFloats(writer, tensor.data);
  else writer.text(dataText(tensor));
}

function dataText({ name, datatype, data }: Tensor): string {
  if (isTextData(data)) return JSON.stringify(data);
  if (isHalf(datatype)) {
    throw new AppError('invalid_request', `Output ${quote(name)}: ${datatype} has no JSON form.`);
  }
  // Arrays of bigint join to their exact digits; JSON.stringify refuses them.
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return `[${data.join(',')}]`;
  if (datatype === 'BOOL') return JSON.stringify(Array.from(data, (byte) => byte !== 0));
  // JSON.stringify writes null for NaN and infinities by itself.
  return JSON.stringify(Array.from(data));
}

function writeFloats(writer: JsonWriter, data: Float32Array): void {
  if (data.length <= FEW) {
    writer.text(`[${Array.from(data, (value) => (Number.isFinite(value) ? float32Text(value) : 'null')).join(',')}]`);
    return;
  }
  writer.text('[');
  for (let from = 0; from < data.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, data.length);
    writer.raw((to - from) * (MAX_FLOAT32_TEXT + 1), (buffer, start) => writeBlock(buffer, start, data, from, to));
  }
  writer.text(']');
}

function writeBlock(buffer: Uint8Array, start: number, data: Float32Array, from: number, to: number): number {
  let position = start;
  for (let i = from; i < to; i += 1) {
    if (i > 0) {
      buffer[position] = COMMA;
      position += 1;
    }
    const value = data[i] ?? Number.NaN;
    if (Number.isFinite(value)) {
      position = writeFloat32(buffer, position, value);
    } else {
      buffer.set(NULL, position);
      position += NULL.length;
    }
  }
  return position;
}
