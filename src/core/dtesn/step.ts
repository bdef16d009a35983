import type { Reservoir } from './reservoir.ts';
import { RungeKutta } from './runge-kutta.ts';
import { standardise } from './standardisation.ts';
import type { Tableau } from './tableau.ts';

/**
 * A reservoir stepped in float64, plainly: what the served graph is compared with. The input is held over a step, and
 * every membrane takes its parent's state at the same stage: one differential equation, not one per membrane.
 */
export class ReferenceStepper {
  readonly #reservoir: Reservoir;
  readonly #integrator: RungeKutta;
  readonly #standardised: Float64Array;
  readonly #drive: Float64Array;

  constructor(reservoir: Reservoir, tableau: Tableau) {
    this.#reservoir = reservoir;
    this.#integrator = new RungeKutta(tableau, reservoir.bias.length);
    this.#standardised = new Float64Array(reservoir.recipe.inputs);
    this.#drive = new Float64Array(reservoir.bias.length);
  }

  /** A state of zeros, [M, n]. */
  initialState(): Float64Array {
    return new Float64Array(this.#reservoir.bias.length);
  }

  /**
   * Moves `state`, [M, n], on by one step in place.
   *
   * @param inputs as they come, not standardised
   */
  step(state: Float64Array, inputs: ArrayLike<number>): void {
    standardise(this.#reservoir.recipe.standardisation, inputs, this.#standardised);
    this.#drive.set(this.#reservoir.bias);
    this.#addInput();
    // The leak rates hold h/τ, so that the step of the equation is 1.
    this.#integrator.step((x, slope) => this.#slope(x, slope), state, 1);
  }

  #addInput(): void {
    const { membranes, width, input, recipe } = this.#reservoir;
    for (let membrane = 0; membrane < membranes.length; membrane += 1) {
      for (let from = 0; from < recipe.inputs; from += 1) {
        const row = (membrane * recipe.inputs + from) * width;
        addScaled(this.#drive, membrane * width, input, row, width, this.#standardised[from] ?? 0);
      }
    }
  }

  /** a·(−x + tanh(W x + V x_p + drive)) of all membranes. */
  #slope(x: Float64Array, slope: Float64Array): void {
    const { membranes, width, recurrent, parents, leak } = this.#reservoir;
    slope.set(this.#drive);
    for (let membrane = 0; membrane < membranes.length; membrane += 1) {
      const at = membrane * width;
      const parentAt = (parents[membrane] ?? 0) * width;
      const rows = membrane * 2 * width * width;
      for (let from = 0; from < width; from += 1) {
        addScaled(slope, at, recurrent, rows + from * width, width, x[at + from] ?? 0);
        addScaled(slope, at, recurrent, rows + (width + from) * width, width, x[parentAt + from] ?? 0);
      }
      const a = leak[membrane] ?? 0;
      for (let i = at; i < at + width; i += 1) slope[i] = a * (Math.tanh(slope[i] ?? 0) - (x[i] ?? 0));
    }
  }
}

/** The states of all units, [units], without padding: membrane after membrane. */
export function withoutPadding({ membranes, width }: Reservoir, state: ArrayLike<number>): Float64Array {
  const units = new Float64Array(membranes.reduce((sum, membrane) => sum + membrane.units, 0));
  let place = 0;
  membranes.forEach((membrane, i) => {
    for (let unit = 0; unit < membrane.units; unit += 1) {
      units[place] = state[i * width + unit] ?? 0;
      place += 1;
    }
  });
  return units;
}

function addScaled(
  to: Float64Array,
  toAt: number,
  from: Float32Array,
  fromAt: number,
  length: number,
  factor: number,
): void {
  if (factor === 0) return;
  for (let i = 0; i < length; i += 1) to[toAt + i] = (to[toAt + i] ?? 0) + factor * (from[fromAt + i] ?? 0);
}
