import type { Agreement } from '../../../core/rollout/gate-report.ts';
import type { AnswerComparison } from '../../ports/comparison.ts';

/** How well the answers of both versions agree, over the pairs of one stage. */
export class AgreementTally {
  #pairs = 0;
  #ranked = 0;
  #sameTop1 = 0;
  #maxAbsoluteDifference: number | null = null;
  #cosine: number | null = null;

  /** Answers that are not of the same kind disagree as much as can be. */
  add(comparison: AnswerComparison): void {
    this.#pairs += 1;
    const differs = comparison.mismatch !== undefined;
    const sameTop1 = differs ? false : comparison.sameTop1;
    if (sameTop1 !== null) this.#ranked += 1;
    if (sameTop1 === true) this.#sameTop1 += 1;
    this.#maxAbsoluteDifference = larger(
      this.#maxAbsoluteDifference,
      differs ? Number.POSITIVE_INFINITY : comparison.maxAbsoluteDifference,
    );
    this.#cosine = smaller(this.#cosine, differs ? -1 : comparison.cosine);
  }

  /** Null before the first pair. */
  get agreement(): Agreement | null {
    if (this.#pairs === 0) return null;
    return {
      pairs: this.#pairs,
      top1: this.#ranked === 0 ? null : this.#sameTop1 / this.#ranked,
      maxAbsoluteDifference: this.#maxAbsoluteDifference,
      cosine: this.#cosine,
    };
  }
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function smaller(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
