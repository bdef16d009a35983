import type { Tensor, TensorData } from './datatype.ts';
import { isTextData, type NumericData } from './elements.ts';
import { quote } from './fault.ts';
import { formatShape } from './shape.ts';

/**
 * How far outputs may lie apart, as ‖a − b‖₂ / ‖a‖₂, and still be the same answer. Sums in another order differ by
 * 1e-6; weights quantised on the fly by the batch's largest value, by some 1e-2; rows that look at each other by about 1.
 */
const TOLERANCE = 0.05;

/**
 * How an answer to one request differs from what was taken for it out of a joined run, or undefined where it does not.
 * Integers, booleans and text must be equal, floats close; both in shape.
 */
export function rowDependence(alone: readonly Tensor[], joined: readonly Tensor[]): string | undefined {
  for (const [index, expected] of alone.entries()) {
    const got = joined[index];
    if (got === undefined) return `output ${quote(expected.name)} is missing from a joined run`;
    if (got.shape.join() !== expected.shape.join()) {
      return `output ${quote(expected.name)} has shape ${formatShape(expected.shape)} for a request alone and ${formatShape(got.shape)} for the same one in a joined run`;
    }
    if (!isSame(expected, got.data)) {
      return `output ${quote(expected.name)} has other values for a request alone than for the same one in a joined run`;
    }
  }
  return undefined;
}

function isSame({ datatype, data: expected }: Tensor, got: TensorData): boolean {
  if (isTextData(expected) || isTextData(got)) return isEqual(expected, got);
  return datatype === 'FP16' || datatype === 'FP32' || datatype === 'FP64'
    ? isClose(expected, got)
    : isEqual(expected, got);
}

function isEqual(expected: TensorData, got: TensorData): boolean {
  for (let at = 0; at < expected.length; at += 1) if (expected[at] !== got[at]) return false;
  return expected.length === got.length;
}

/** What is not finite is compared as such, and left out of the norms. */
function isClose(expected: NumericData, got: NumericData): boolean {
  let difference = 0;
  let size = 0;
  for (let at = 0; at < expected.length; at += 1) {
    const [a, b] = [Number(expected[at]), Number(got[at])];
    if (Number.isFinite(a) && Number.isFinite(b)) {
      difference += (a - b) ** 2;
      size += a ** 2;
    } else if (!Object.is(a, b)) return false;
  }
  return Math.sqrt(difference) <= TOLERANCE * Math.sqrt(size) + Number.EPSILON;
}
