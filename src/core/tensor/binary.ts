import { type Datatype, ELEMENT_BYTES, type Tensor, type TensorData } from './datatype.ts';
import { ELEMENT_ARRAYS, isTextData, type NumericDatatype } from './elements.ts';
import { tensorFault } from './fault.ts';
import { elementCount, formatShape } from './shape.ts';
import { encodeTextInto } from './text.ts';
import { textElement } from './text-element.ts';

const LENGTH_BYTES = 4;

/**
 * The tensor in the protocol's binary form: little-endian elements, row-major; for BYTES a u32 length before each.
 * Numeric tensors are returned as a view of their own memory, not a copy. Assumes a little-endian machine, as all
 * that onnxruntime supports are.
 */
export function bytesOf(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (isTextData(data)) return packStrings(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * A tensor from its binary form. Where the bytes are aligned for the data type the tensor is a view of them:
 * it is valid only as long as the caller leaves them alone.
 *
 * @throws AppError `invalid_tensor` when the bytes are too few, too many, or no elements of this data type
 */
export function tensorFromBytes(name: string, datatype: Datatype, shape: readonly number[], bytes: Uint8Array): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return { name, datatype, shape, data: unpackStrings(name, shape, count, bytes) };
  const expected = count * ELEMENT_BYTES[datatype];
  if (expected !== bytes.length) {
    throw tensorFault(
      name,
      `${datatype} ${formatShape(shape)} takes ${expected} bytes of binary data, got ${bytes.length}`,
    );
  }
  if (datatype === 'BOOL') checkBooleans(name, bytes);
  return { name, datatype, shape, data: viewOf(datatype, bytes, count) };
}

function viewOf(datatype: NumericDatatype, bytes: Uint8Array, count: number): TensorData {
  const array = ELEMENT_ARRAYS[datatype];
  if (bytes.byteOffset % ELEMENT_BYTES[datatype] === 0) return new array(bytes.buffer, bytes.byteOffset, count);
  // Not `slice`: on a Node Buffer that is a view, as misaligned as before.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new array(copy.buffer, 0, count);
}

/** A byte other than 0 and 1 is undefined behaviour in native code that reads it as a bool. */
function checkBooleans(name: string, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte > 1) throw tensorFault(name, `element ${i}: a BOOL is one byte, 0 or 1, got ${byte}`);
  }
}

function unpackStrings(name: string, shape: readonly number[], count: number, bytes: Uint8Array): string[] {
  if (count * LENGTH_BYTES > bytes.length) {
    throw tensorFault(
      name,
      `BYTES ${formatShape(shape)} has ${count} elements and takes at least ${count * LENGTH_BYTES} bytes of binary data, got ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const texts: string[] = [];
  let position = 0;
  for (let i = 0; i < count; i += 1) {
    const left = bytes.length - position - LENGTH_BYTES;
    if (left < 0) throw tensorFault(name, `the binary data ends before element ${i} of ${count}`);
    const length = view.getUint32(position, true);
    if (length > left) {
      throw tensorFault(name, `element ${i}: its length is ${length} bytes, but ${left} are left in the binary data`);
    }
    position += LENGTH_BYTES;
    texts.push(textElement(name, i, bytes.subarray(position, position + length)));
    position += length;
  }
  if (position !== bytes.length) {
    throw tensorFault(name, `${bytes.length - position} bytes of binary data follow its last element (of ${count})`);
  }
  return texts;
}

function packStrings(texts: readonly string[]): Uint8Array {
  let room = 0;
  // UTF-8 takes at most 3 bytes per UTF-16 unit.
  for (const text of texts) room += LENGTH_BYTES + text.length * 3;
  const packed = new Uint8Array(room);
  const view = new DataView(packed.buffer);
  let position = 0;
  for (const text of texts) {
    const written = encodeTextInto(text, packed, position + LENGTH_BYTES);
    view.setUint32(position, written, true);
    position += LENGTH_BYTES + written;
  }
  return packed.subarray(0, position);
}
