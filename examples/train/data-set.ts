import { type Random, shuffled } from './random.ts';

/** Numbers for a network, and the index of the class that they belong to. */
export interface Example {
  readonly features: Float64Array;
  readonly label: number;
}

export interface Split<T> {
  readonly training: readonly T[];
  /** Kept from the training, to tell how good the model is. */
  readonly heldOut: readonly T[];
}

/** Sets a share of each class aside. */
export function stratifiedSplit<T extends { readonly label: number }>(
  items: readonly T[],
  heldOutShare: number,
  random: Random,
): Split<T> {
  const training: T[] = [];
  const heldOut: T[] = [];
  for (const label of new Set(items.map((item) => item.label))) {
    const ofClass = shuffled(
      items.filter((item) => item.label === label),
      random,
    );
    const count = Math.round(ofClass.length * heldOutShare);
    heldOut.push(...ofClass.slice(0, count));
    training.push(...ofClass.slice(count));
  }
  return { training, heldOut };
}
