import { addRowProducts } from './row-products.ts';

/** What a linear readout's training rows come down to. */
export interface Moments {
  /** p. */
  readonly features: number;
  /** q. */
  readonly outputs: number;
  readonly rows: number;
  /** Lower triangle of [p + q, p + q]: the products of all columns of [features, targets], summed over the rows. */
  readonly products: Float64Array;
}

/** Rows that are summed at a time. */
const BLOCK_ROWS = 256;

/** Sums the moments of rows that are given one by one. */
export class MomentsBuilder {
  readonly #features: number;
  readonly #outputs: number;
  readonly #products: Float64Array;
  /** [p + q, BLOCK_ROWS]: the block, transposed. */
  readonly #block: Float64Array;
  #rows = 0;

  constructor(features: number, outputs: number) {
    this.#features = features;
    this.#outputs = outputs;
    this.#products = new Float64Array((features + outputs) ** 2);
    this.#block = new Float64Array((features + outputs) * BLOCK_ROWS);
  }

  add(features: ArrayLike<number>, targets: ArrayLike<number>): void {
    const row = this.#rows % BLOCK_ROWS;
    for (let i = 0; i < this.#features; i += 1) this.#block[i * BLOCK_ROWS + row] = features[i] ?? 0;
    for (let i = 0; i < this.#outputs; i += 1) {
      this.#block[(this.#features + i) * BLOCK_ROWS + row] = targets[i] ?? 0;
    }
    this.#rows += 1;
    if (row === BLOCK_ROWS - 1) this.#sum(BLOCK_ROWS);
  }

  /** The moments of all rows so far; to be called once, at the end. */
  finish(): Moments {
    this.#sum(this.#rows % BLOCK_ROWS);
    return { features: this.#features, outputs: this.#outputs, rows: this.#rows, products: this.#products };
  }

  #sum(rows: number): void {
    const size = this.#features + this.#outputs;
    const source = { data: this.#block, stride: BLOCK_ROWS };
    const target = { data: this.#products, stride: size };
    addRowProducts(target, { source, from: 0, to: rows, sign: 1 }, [0, size], [0, size]);
  }
}

/** The moments of the rows of both, which have the same features and outputs. */
export function sumOfMoments(one: Moments, other: Moments): Moments {
  const products = one.products.map((product, i) => product + (other.products[i] ?? 0));
  return { ...one, rows: one.rows + other.rows, products };
}

/** The moments of some of the features, as if the others had never been. */
export function selectFeatures(moments: Moments, features: readonly number[]): Moments {
  const size = moments.features + moments.outputs;
  const outputs = Array.from({ length: moments.outputs }, (_, output) => moments.features + output);
  const kept = [...features.toSorted((a, b) => a - b), ...outputs];
  const products = new Float64Array(kept.length ** 2);
  kept.forEach((from, i) => {
    for (let j = 0; j <= i; j += 1) products[i * kept.length + j] = moments.products[from * size + (kept[j] ?? 0)] ?? 0;
  });
  return { ...moments, features: features.length, products };
}
