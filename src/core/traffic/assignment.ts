/** The two versions of an update: the one that comes and the one that serves. */
export type Arm = 'new' | 'old';

/** How a version was drawn for a request, with what its probability follows from. */
export type Draw =
  /** A slot of a permuted block, in which `newSlots` of 20 are the new version's. */
  | { readonly by: 'block'; readonly block: number; readonly newSlots: number }
  /** The hash of a routing key (16 hexadecimal digits, never the key) against the weight in [0, 1]. */
  | { readonly by: 'key'; readonly key: string; readonly weight: number }
  /** Nothing was drawn: the client chose, or the weight is 0. No evidence. */
  | { readonly by: 'choice' };

export interface Assignment {
  readonly arm: Arm;
  readonly draw: Draw;
}

/** Uniform in [0, 1). */
export type RandomSource = () => number;
