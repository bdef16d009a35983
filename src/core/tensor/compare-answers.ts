import { quote } from './fault.ts';
import type { AnsweredOutput } from './read-answer.ts';
import { elementCount, formatShape } from './shape.ts';
import { cosine, hasSameTop, largestDifference, type NumberPair } from './vector-differences.ts';

/** How two answers to the same input differ. A null member does not apply to the outputs. */
export interface AnswerComparison {
  /** In what the answers are not of the same kind (names, data types, shapes), as a sentence without a full stop. */
  readonly mismatch: string | undefined;
  /** Whether the largest element is the same one, in each row of each output with two elements or more in its rows. */
  readonly sameTop1: boolean | null;
  /** Over all outputs of numbers. Infinity where one of the two is not finite and the other is. */
  readonly maxAbsoluteDifference: number | null;
  /** Of the outputs of floating-point numbers, each as one vector: the least. Null where one has no length. */
  readonly cosine: number | null;
}

/**
 * Compares two answers output by output, whatever their order. Rows go along the first dimension where there is more
 * than one. Where the answers are not of the same kind, nothing else of them is compared; of BYTES nothing else is.
 */
export function compareAnswers(
  serving: readonly AnsweredOutput[],
  candidate: readonly AnsweredOutput[],
): AnswerComparison {
  const mismatch = mismatchOf(serving, candidate);
  if (mismatch !== undefined) return { mismatch, sameTop1: null, maxAbsoluteDifference: null, cosine: null };
  const pairs = serving.flatMap((output) => pairOf(output, candidate));
  const ranked = pairs.filter(({ serving: numbers, rowSize }) => rowSize >= 2 && numbers.length > 0);
  const cosines = pairs.filter(({ isFloat }) => isFloat).map(cosine);
  return {
    mismatch,
    sameTop1: ranked.length === 0 ? null : ranked.every(hasSameTop),
    maxAbsoluteDifference: pairs.length === 0 ? null : Math.max(...pairs.map(largestDifference)),
    cosine: cosines.length === 0 ? null : least(cosines),
  };
}

function mismatchOf(serving: readonly AnsweredOutput[], candidate: readonly AnsweredOutput[]): string | undefined {
  for (const { name, datatype, shape } of serving) {
    const other = candidate.find((output) => output.name === name);
    if (other === undefined) return `output ${quote(name)} is missing in the new version's answer`;
    if (other.datatype !== datatype) return `output ${quote(name)} was ${datatype} and is ${other.datatype}`;
    const [was, is] = [formatShape(shape), formatShape(other.shape)];
    if (was !== is) return `output ${quote(name)} had the shape ${was} and has ${is}`;
  }
  const added = candidate.find(({ name }) => !serving.some((output) => output.name === name));
  return added === undefined ? undefined : `output ${quote(added.name)} is only in the new version's answer`;
}

interface OutputPair extends NumberPair {
  readonly isFloat: boolean;
}

const FLOATS: readonly string[] = ['FP16', 'BF16', 'FP32', 'FP64'];

/** Empty for BYTES. */
function pairOf(
  { name, datatype, shape, numbers }: AnsweredOutput,
  candidate: readonly AnsweredOutput[],
): OutputPair[] {
  const other = candidate.find((output) => output.name === name)?.numbers;
  if (numbers === undefined || other === undefined) return [];
  const rowSize = elementCount(shape.length > 1 ? shape.slice(1) : shape);
  return [{ serving: numbers, candidate: other, rowSize, isFloat: FLOATS.includes(datatype) }];
}

function least(cosines: readonly (number | null)[]): number | null {
  const known = cosines.filter((value) => value !== null);
  return known.length < cosines.length ? null : Math.min(...known);
}
