import type { Tensor } from './datatype.ts';

/** An inference request with its tensors decoded. */
export interface DecodedRequest {
  readonly id?: string;
  /** 1 is the most urgent. Absent when the request says nothing or 0. */
  readonly priority?: number;
  /** Microseconds. Absent when the request says nothing or 0. */
  readonly timeoutUs?: number;
  /** Absent when the request says nothing of one. */
  readonly sequence?: SequencePosition;
  /** One per input of the signature, in its order. */
  readonly inputs: readonly Tensor[];
  /** At least one, in the order of the request; all outputs of the signature when the request names none. */
  readonly outputs: readonly RequestedOutput[];
}

/** Where a request stands in a sequence of requests that share state. */
export interface SequencePosition {
  /** A number is written in decimal. Undefined of a request that says where it stands, and not in which. */
  readonly id: string | undefined;
  readonly start: boolean;
  readonly end: boolean;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
  /** How many top classes to answer in place of the tensor; 0: the tensor itself. */
  readonly classification: number;
}
