import type { AnswerComparer, AnswerComparison } from '../../../src/serving/ports/comparison.ts';

/** Finds what it is told to find. */
export class FakeComparer implements AnswerComparer {
  comparison: AnswerComparison = { mismatch: undefined, sameTop1: true, maxAbsoluteDifference: 0, cosine: 1 };

  async compare(): Promise<AnswerComparison> {
    return this.comparison;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
