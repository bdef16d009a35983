import { AppError } from '../errors.ts';
import { type Membrane, membraneHierarchy, type ReservoirSize } from './membranes.ts';
import { randomOrthogonal } from './orthogonal.ts';
import { leakRates, type WeightScales } from './presets.ts';
import { RandomStream } from './random.ts';
import type { Standardisation } from './standardisation.ts';

/** Of the weights of a unit from its parent membrane, so many at most are not 0. */
const PARENT_LINKS = 10;

export interface ReservoirRecipe extends ReservoirSize {
  /** Numbers that come in at each step, at least 1. */
  readonly inputs: number;
  readonly scales: WeightScales;
  /** A whole number from 0 to 2^53 − 1: the same recipe gives the same weights on every machine. */
  readonly seed: number;
  /** Of the inputs. */
  readonly standardisation: Standardisation;
}

/**
 * τ_i ẋ_i = −x_i + tanh(W_i x_i + V_i x_{p(i)} + U_i u + b_i) with all weights as they are served. Membranes are padded
 * to the width n of the largest; everything that belongs to padding is 0, so that its states stay exactly 0.
 */
export interface Reservoir {
  readonly recipe: ReservoirRecipe;
  /** M membranes, the skin first. */
  readonly membranes: readonly Membrane[];
  /** n. */
  readonly width: number;
  /** [M]: place of the membrane around each; the skin's is its own, and weighs 0. */
  readonly parents: Int32Array;
  /** [M, 2n, n]: rows are what comes from the membrane's own units, then from its parent's; columns are its units. */
  readonly recurrent: Float32Array;
  /** [M, inputs, n], of standardised inputs. */
  readonly input: Float32Array;
  /** [M, n]. */
  readonly bias: Float32Array;
  /** [M]: a = h/τ, in (0, 1]. */
  readonly leak: Float32Array;
}

/**
 * Draws a reservoir. Each membrane has a stream of its own, from which come, in this order: W by rows of `Q`, the
 * parent's links and their weights unit by unit, the input weights unit by unit, the biases.
 *
 * @throws AppError `invalid_request` for a size, seed or number of inputs that is out of bounds
 */
export function buildReservoir(recipe: ReservoirRecipe): Reservoir {
  checkRecipe(recipe);
  const membranes = membraneHierarchy(recipe);
  const width = Math.max(...membranes.map((membrane) => membrane.units));
  const leaks = leakRates(recipe.depth);
  const count = membranes.length;
  const reservoir: Reservoir = {
    recipe,
    membranes,
    width,
    parents: Int32Array.from(membranes, ({ parent }, place) => parent ?? place),
    recurrent: new Float32Array(count * 2 * width * width),
    input: new Float32Array(count * recipe.inputs * width),
    bias: new Float32Array(count * width),
    leak: Float32Array.from(membranes, ({ level }) => leaks[level] ?? 1),
  };
  membranes.forEach((membrane, place) => {
    drawMembrane(reservoir, membrane, place, new RandomStream(recipe.seed, place));
  });
  return reservoir;
}

function drawMembrane(reservoir: Reservoir, membrane: Membrane, place: number, random: RandomStream): void {
  const { recipe, width, membranes } = reservoir;
  const { units, parent } = membrane;
  const own = reservoir.recurrent.subarray(place * 2 * width * width);
  const q = randomOrthogonal(units, random);
  for (let to = 0; to < units; to += 1) {
    for (let from = 0; from < units; from += 1) {
      own[from * width + to] = recipe.scales.recurrence * (q[to * units + from] ?? 0);
    }
  }
  if (parent !== undefined) {
    drawLinks(own.subarray(width * width), width, units, membranes[parent]?.units ?? 0, recipe.scales.parent, random);
  }
  const bound = recipe.scales.input / Math.sqrt(recipe.inputs);
  for (let to = 0; to < units; to += 1) {
    for (let from = 0; from < recipe.inputs; from += 1) {
      reservoir.input[(place * recipe.inputs + from) * width + to] = random.symmetric(bound);
    }
  }
  for (let to = 0; to < units; to += 1) reservoir.bias[place * width + to] = random.symmetric(recipe.scales.bias);
}

/** For each unit k links from the parent's units, k ≤ 10, with weights N(0, 1)·g/√k. */
function drawLinks(
  block: Float32Array,
  width: number,
  units: number,
  parentUnits: number,
  scale: number,
  random: RandomStream,
): void {
  const links = Math.min(PARENT_LINKS, parentUnits);
  const factor = scale / Math.sqrt(links);
  for (let to = 0; to < units; to += 1) {
    for (const from of random.distinct(links, parentUnits)) block[from * width + to] = factor * random.normal();
  }
}

function checkRecipe({ inputs, seed, standardisation, scales }: ReservoirRecipe): void {
  const faults = [
    ...(Number.isInteger(inputs) && inputs >= 1
      ? []
      : [`it needs a whole number of inputs, at least 1, not ${inputs}`]),
    ...(Number.isSafeInteger(seed) && seed >= 0 ? [] : [`a seed is a whole number from 0 to 2^53 − 1, not ${seed}`]),
    ...(standardisation.mean.length === inputs && standardisation.deviation.length === inputs
      ? []
      : [`a mean and a deviation is needed for each of ${inputs} inputs`]),
    ...(Object.values(scales).every((scale) => scale >= 0 && scale < Infinity) ? [] : ['scales are not negative']),
  ];
  if (faults.length > 0) throw new AppError('invalid_request', `Invalid reservoir: ${faults.join('; ')}.`);
}
