import type { AnswerComparison } from '../../core/tensor/compare-answers.ts';

export type { AnswerComparison } from '../../core/tensor/compare-answers.ts';

/** An answer in the form of the Open Inference Protocol, uncompressed. */
export interface ComparedAnswer {
  readonly body: Uint8Array;
  /** Bytes of the JSON header when binary tensors follow. */
  readonly headerLength: number | undefined;
}

/** Looks into answers. It does so on a thread of its own: the front parses no tensors. */
export interface AnswerComparer extends AsyncDisposable {
  /** @throws Error where an answer can not be read */
  compare(serving: ComparedAnswer, candidate: ComparedAnswer): Promise<AnswerComparison>;
}
