import type { Datatype } from '../tensor/datatype.ts';

/** A model's input or output. A dimension of −1 is variable. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** What the model calls its dimensions, by axis, '' where nothing; absent where it names none. One name, one size. */
  readonly dimensionNames?: readonly string[];
}

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * Whether requests may share a run, by what the model says of its shapes: the first dimension is free on every input
 * and output, is one and the same for all inputs, and is no other axis as well. A model of texts and images with
 * [text_batch, …], [image_batch, …] → [image_batch, text_batch] scores every image against every text: joined requests
 * would be scored against each other's.
 *
 * Outputs may call their first dimension otherwise (some exporters number every one anew). That the rows do not depend
 * on each other is not to be seen in shapes; whoever loads the model tries it.
 */
export function isBatchable(signature: ModelSignature): boolean {
  let answer = known.get(signature);
  if (answer === undefined) {
    answer = canShareRuns(signature);
    known.set(signature, answer);
  }
  return answer;
}

/** Asked for every request. */
const known = new WeakMap<ModelSignature, boolean>();

function canShareRuns({ inputs, outputs }: ModelSignature): boolean {
  const all = [...inputs, ...outputs];
  const rows = rowNames(all);
  return (
    all.every((spec) => spec.shape[0] === -1) &&
    rowNames(inputs).size <= 1 &&
    !all.some((spec) => spec.dimensionNames?.slice(1).some((name) => rows.has(name)))
  );
}

function rowNames(specs: readonly TensorSpec[]): ReadonlySet<string> {
  return new Set(specs.map((spec) => spec.dimensionNames?.[0] ?? '').filter((name) => name !== ''));
}

/** `dimensionNames` for a spec: nothing where no dimension has a name. */
export function namedDimensions(names: readonly string[]): Pick<TensorSpec, 'dimensionNames'> {
  return names.some((name) => name !== '') ? { dimensionNames: names } : {};
}
