/** What the size of a reservoir in memory follows from. */
export interface ReservoirShape {
  /** M. */
  readonly membranes: number;
  /** n: units of the largest membrane, to which the others are padded. */
  readonly width: number;
  readonly inputs: number;
  /** Units of all membranes, without padding: what a readout sees. */
  readonly units: number;
}

/** How it is run. */
export interface ReservoirUse {
  /** Sequences whose state is kept at once. */
  readonly sequences: number;
  /** Sequences that are stepped at once. */
  readonly batch: number;
  /** Of the Runge-Kutta tableau. */
  readonly stages: number;
  /** Outputs of the readout; 0 before it is trained. */
  readonly outputs: number;
}

export interface ReservoirBytes {
  readonly weights: number;
  readonly states: number;
  readonly work: number;
  readonly total: number;
}

const FLOAT32 = 4;
const INT64 = 8;

/**
 * Exact sizes of what a served reservoir holds, in bytes.
 *
 * - weights: [M, 2n, n] recurrent, [M, inputs, n] input, [M, n] bias and [M] leak in float32, the parents [M] in int64,
 *   mean and scale of each input in float32, and the readout [1 + inputs + units, outputs] in float32;
 * - states: [M, n] in float32 for each sequence;
 * - work: for each sequence of a batch, in float32, the standardised inputs and the outputs, and of [M, n] the input's
 *   drive, a stage's state, the parents' states, both side by side (twice), the product, and a slope for each stage.
 */
export function reservoirBytes(shape: ReservoirShape, use: ReservoirUse): ReservoirBytes {
  const { membranes, width, inputs, units } = shape;
  const state = membranes * width;
  const parameters = state * (2 * width + inputs + 1) + membranes + 2 * inputs + (1 + inputs + units) * use.outputs;
  const weights = FLOAT32 * parameters + INT64 * membranes;
  const states = FLOAT32 * state * use.sequences;
  const work = FLOAT32 * use.batch * (inputs + use.outputs + state * (6 + use.stages));
  return { weights, states, work, total: weights + states + work };
}
