import { AppError } from '../errors.ts';
import { RandomStream } from './random.ts';

/** A series to learn: at each step, what goes in and what should come out. */
export interface Task {
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
}

const NARMA_ORDER = 10;
/** A series that is above it has left the bounded region, and grows without end. */
const DIVERGED = 1;
const MOST_DRAWS = 100;

/**
 * NARMA-10: y(t+1) = 0.3 y(t) + 0.05 y(t) Σ_{i<10} y(t−i) + 1.5 u(t−9) u(t) + 0.1 with u uniform in [0, 0.5] and y = 0
 * at first. The target of the step with the input u(t) is y(t+1). About one series of 20 diverges, and is drawn again.
 *
 * Source: Atiya and Parlos, "New results on recurrent network training", IEEE Trans. Neural Networks 11 (2000).
 *
 * @throws AppError `internal` if a hundred series in a row diverge
 */
export function narma10(length: number, seed: number): Task & { readonly draws: number } {
  const random = new RandomStream(seed, 0);
  for (let draws = 1; draws <= MOST_DRAWS; draws += 1) {
    const inputs = Float64Array.from({ length }, () => random.unit() / 2);
    const targets = narmaTargets(inputs);
    if (targets !== undefined) return { inputs, targets, draws };
  }
  throw new AppError('internal', `No NARMA-10 series of ${length} steps stayed bounded.`);
}

function narmaTargets(inputs: Float64Array): Float64Array | undefined {
  const targets = new Float64Array(inputs.length);
  for (let t = 0; t < inputs.length; t += 1) {
    let sum = 0;
    for (let i = 1; i <= NARMA_ORDER; i += 1) sum += targets[t - i] ?? 0;
    const last = targets[t - 1] ?? 0;
    const product = (inputs[t - NARMA_ORDER + 1] ?? 0) * (inputs[t] ?? 0);
    const next = 0.3 * last + 0.05 * last * sum + 1.5 * product + 0.1;
    if (!(next < DIVERGED)) return undefined;
    targets[t] = next;
  }
  return targets;
}

const DELAY = 17;
const STEPS_PER_UNIT = 10;
const TRANSIENT_UNITS = 2000;

/**
 * x′ = 0.2 x(t−17)/(1 + x(t−17)^10) − 0.1 x, sampled at each unit of time after a transient of 2000, from a constant
 * past near 1.2 that the seed draws. The Runge-Kutta method of order 4 with steps of 0.1; between its points the past
 * is read from the cubic that has their values and slopes, which keeps the order.
 *
 * Source: Mackey and Glass, "Oscillation and chaos in physiological control systems", Science 197 (1977).
 */
export function mackeyGlass(length: number, seed: number): Float64Array {
  const h = 1 / STEPS_PER_UNIT;
  const lag = DELAY * STEPS_PER_UNIT;
  const steps = (TRANSIENT_UNITS + length) * STEPS_PER_UNIT;
  const x = new Float64Array(lag + steps + 1);
  const slopes = new Float64Array(lag + steps + 1);
  x.fill(1.1 + 0.2 * new RandomStream(seed, 0).unit(), 0, lag + 1);
  for (let now = lag; now < lag + steps; now += 1) {
    const past = x[now - lag] ?? 0;
    const next = x[now - lag + 1] ?? 0;
    const turn = (slopes[now - lag] ?? 0) - (slopes[now - lag + 1] ?? 0);
    const between = (past + next) / 2 + (h / 8) * turn;
    const y = x[now] ?? 0;
    const k1 = mackeyGlassSlope(y, past);
    const k2 = mackeyGlassSlope(y + (h / 2) * k1, between);
    const k3 = mackeyGlassSlope(y + (h / 2) * k2, between);
    const k4 = mackeyGlassSlope(y + h * k3, next);
    slopes[now] = k1;
    x[now + 1] = y + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return Float64Array.from({ length }, (_, t) => x[lag + (TRANSIENT_UNITS + t) * STEPS_PER_UNIT] ?? 0);
}

/** Each input's target is the value so many units of time later. */
export function forecastTask(series: Float64Array, ahead: number): Task {
  return { inputs: series.slice(0, series.length - ahead), targets: series.slice(ahead) };
}

function mackeyGlassSlope(x: number, past: number): number {
  const square = past * past;
  const fourth = square * square;
  return (0.2 * past) / (1 + fourth * fourth * square) - 0.1 * x;
}
