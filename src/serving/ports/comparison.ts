/** An answer in the form of the Open Inference Protocol, uncompressed. */
export interface ComparedAnswer {
  readonly body: Uint8Array;
  /** Bytes of the JSON header when binary tensors follow. */
  readonly headerLength: number | undefined;
}

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

/** Looks into answers. It does so on a thread of its own: the front parses no tensors. */
export interface AnswerComparer extends AsyncDisposable {
  /** @throws Error where an answer can not be read */
  compare(serving: ComparedAnswer, candidate: ComparedAnswer): Promise<AnswerComparison>;
}
