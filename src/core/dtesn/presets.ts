/** What a reservoir's weights are drawn from. */
export interface WeightScales {
  /** ρ: W of each membrane is ρ times an orthogonal matrix. Below 1. */
  readonly recurrence: number;
  /** ω: input weights are uniform in [−ω, ω]/√(number of inputs). */
  readonly input: number;
  /** β: biases are uniform in [−β, β]. */
  readonly bias: number;
  /** g: the weights of a unit from its parent membrane have the Euclidean norm g, on average of squares. */
  readonly parent: number;
}

export type Preset = 'balanced' | 'linear' | 'forecast';

/** `balanced` is the default; `linear` keeps more of the past, `forecast` mixes more. */
export const PRESETS: Readonly<Record<Preset, WeightScales>> = {
  balanced: { recurrence: 0.9, input: 0.1, bias: 0.25, parent: 0.6 },
  linear: { recurrence: 0.85, input: 0.03, bias: 0.5, parent: 0.4 },
  forecast: { recurrence: 0.95, input: 0.2, bias: 0.2, parent: 0.7 },
};

const DEEPEST_LEAK = 0.7;

/** Newton's method for the root falls from 1 to its limit in far fewer steps. */
const NEWTON_STEPS = 40;

/**
 * The leak rates a = h/τ of the levels: 0.7^{d/(depth − 1)}, from 1 at the skin to 0.7, by + − × ÷ alone so that they
 * are the same on every machine. 1 where there is only the skin.
 */
export function leakRates(depth: number): readonly number[] {
  const ratio = depth > 1 ? root(DEEPEST_LEAK, depth - 1) : 1;
  return Array.from({ length: depth }, (_, level) => power(ratio, level));
}

function root(value: number, degree: number): number {
  let x = 1;
  for (let step = 0; step < NEWTON_STEPS; step += 1) {
    const below = power(x, degree - 1);
    x -= (below * x - value) / (degree * below);
  }
  return x;
}

function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i += 1) product *= base;
  return product;
}
