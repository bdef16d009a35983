/** What is taken from each input, and what the rest is divided by. */
export interface Standardisation {
  readonly mean: Float32Array;
  /** Above 0. */
  readonly deviation: Float32Array;
}

/** Inputs as they come: what is there before anything is known of them. */
export function unknownInputs(inputs: number): Standardisation {
  return { mean: new Float32Array(inputs), deviation: new Float32Array(inputs).fill(1) };
}

/**
 * Mean and standard deviation of each input; the deviation is 1 for one that does not vary.
 *
 * @param rows [rows, inputs], at least one row, finite
 */
export function standardisationOf(rows: ArrayLike<number>, inputs: number): Standardisation {
  const count = rows.length / inputs;
  const mean = new Float32Array(inputs);
  const deviation = new Float32Array(inputs);
  for (let input = 0; input < inputs; input += 1) {
    let sum = 0;
    for (let row = 0; row < count; row += 1) sum += rows[row * inputs + input] ?? 0;
    const center = sum / count;
    let squares = 0;
    for (let row = 0; row < count; row += 1) squares += ((rows[row * inputs + input] ?? 0) - center) ** 2;
    mean[input] = center;
    deviation[input] = Math.sqrt(squares / count) || 1;
  }
  return { mean, deviation };
}

/** Writes one row of standardised inputs into `into`. */
export function standardise({ mean, deviation }: Standardisation, row: ArrayLike<number>, into: Float64Array): void {
  for (let i = 0; i < into.length; i += 1) into[i] = ((row[i] ?? 0) - (mean[i] ?? 0)) / (deviation[i] ?? 1);
}
