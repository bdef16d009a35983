import { describe, tensorFault } from './fault.ts';
import { refuseNul } from './text-element.ts';

type SmallIntegers = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;
type SmallIntegerDatatype = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32';
type Rows = readonly (readonly unknown[])[];

// Each loop is written out, and by index: it runs once per element of bodies with hundreds of thousands of them, and
// `for … of` was measured at 1.4 times the whole decoding.

const INTEGER_RANGES: Readonly<Record<SmallIntegerDatatype, string>> = {
  UINT8: '0 to 255',
  UINT16: '0 to 65535',
  UINT32: '0 to 4294967295',
  INT8: '-128 to 127',
  INT16: '-32768 to 32767',
  INT32: '-2147483648 to 2147483647',
};

/** From here on a number rounds to infinity as a 32-bit float: half a step above the largest one. */
const FP32_OVERFLOW = 2 ** 128 - 2 ** 103;

function elementFault(name: string, index: number, expected: string, value: unknown) {
  return tensorFault(name, `element ${index}: expected ${expected}, got ${describe(value)}`);
}

export function fillBooleans(name: string, out: Uint8Array, rows: Rows): Uint8Array {
  let index = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (value !== true && value !== false) throw elementFault(name, index, 'true or false (BOOL)', value);
      out[index] = value ? 1 : 0;
      index += 1;
    }
  }
  return out;
}

/** Storing converts; a number that was not an integer in range comes back different. */
export function fillIntegers<T extends SmallIntegers>(
  name: string,
  datatype: SmallIntegerDatatype,
  out: T,
  rows: Rows,
): T {
  let index = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (typeof value === 'number') out[index] = value;
      if (out[index] !== value) {
        throw elementFault(name, index, `an integer from ${INTEGER_RANGES[datatype]} (${datatype})`, value);
      }
      index += 1;
    }
  }
  return out;
}

/**
 * 64-bit integers. Those past 2^53 come as bigint when their literal was an integer; as a number they have lost
 * digits already (`1e17`) and are refused. The others are stored as two 32-bit halves, without making bigints.
 */
export function fillLongs<T extends BigInt64Array | BigUint64Array>(
  name: string,
  datatype: 'INT64' | 'UINT64',
  out: T,
  rows: Rows,
): T {
  const halves = new Int32Array(out.buffer);
  const least = datatype === 'UINT64' ? 0 : Number.MIN_SAFE_INTEGER;
  let index = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (typeof value === 'number' && value >= least && Number.isSafeInteger(value)) {
        halves[2 * index] = value | 0;
        halves[2 * index + 1] = Math.floor(value / 2 ** 32);
      } else if (typeof value === 'bigint' && fits(value, datatype)) {
        out[index] = value;
      } else {
        throw elementFault(name, index, `${LONG_RANGES[datatype]} (${datatype}), written without exponent`, value);
      }
      index += 1;
    }
  }
  return out;
}

const LONG_RANGES = {
  INT64: 'an integer from -9223372036854775808 to 9223372036854775807',
  UINT64: 'an integer from 0 to 18446744073709551615',
} as const;

function fits(value: bigint, datatype: 'INT64' | 'UINT64'): boolean {
  return value === (datatype === 'INT64' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));
}

export function fillFloats<T extends Float32Array | Float64Array>(
  name: string,
  datatype: 'FP32' | 'FP64',
  out: T,
  rows: Rows,
): T {
  const limit = datatype === 'FP32' ? FP32_OVERFLOW : Number.POSITIVE_INFINITY;
  let index = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const element = row[i];
      const value = typeof element === 'bigint' ? Number(element) : element;
      if (typeof value !== 'number' || value >= limit || value <= -limit) {
        throw elementFault(name, index, `a number within the range of ${datatype}`, element);
      }
      out[index] = value;
      index += 1;
    }
  }
  return out;
}

export function fillTexts(name: string, rows: Rows): string[] {
  const out: string[] = [];
  for (const row of rows) {
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (typeof value !== 'string') throw elementFault(name, out.length, 'a string (BYTES)', value);
      // A lone surrogate has no UTF-8 form: it would silently become another character.
      if (!value.isWellFormed()) throw elementFault(name, out.length, 'well-formed Unicode text (BYTES)', value);
      refuseNul(name, out.length, value);
      out.push(value);
    }
  }
  return out;
}
