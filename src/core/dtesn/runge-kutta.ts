import type { Tableau } from './tableau.ts';

/** Writes f(y) into `into`. */
export type VectorField = (y: Float64Array, into: Float64Array) => void;

/** One step of y′ = f(y) in float64, with room for its stages that is used again. Not for use by two at once. */
export class RungeKutta {
  readonly #tableau: Tableau;
  readonly #slopes: readonly Float64Array[];
  readonly #stage: Float64Array;

  /**
   * @param tableau explicit
   * @param length of y
   */
  constructor(tableau: Tableau, length: number) {
    this.#tableau = tableau;
    this.#slopes = tableau.b.map(() => new Float64Array(length));
    this.#stage = new Float64Array(length);
  }

  /** Moves `y` on by h in place. Every component of a stage is taken at the same time. */
  step(field: VectorField, y: Float64Array, h: number): void {
    this.#slopes.forEach((slope, stage) => {
      this.#stage.set(y);
      this.#addSlopes(this.#stage, this.#tableau.a[stage] ?? [], h);
      field(this.#stage, slope);
    });
    this.#addSlopes(y, this.#tableau.b, h);
  }

  #addSlopes(to: Float64Array, weights: readonly number[], h: number): void {
    this.#slopes.forEach((slope, j) => {
      const factor = h * (weights[j] ?? 0);
      if (factor === 0) return;
      for (let i = 0; i < to.length; i += 1) to[i] = (to[i] ?? 0) + factor * (slope[i] ?? 0);
    });
  }
}
