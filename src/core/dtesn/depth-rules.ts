import { type Multiset, multiset } from './multiset.ts';
import { type PMembrane, type Rule, run } from './p-system.ts';

/** An object e pays for one object c: a unit of reservoir that must earn its place. */
const FUND = 'e';
const COST = 'c';

/** Funds are at most so many times the cost: one membrane can not carry a whole branch of others. */
const MOST_FUNDS_PER_UNIT = 10;

/**
 * r1: e c → λ (pay). r2: e → (e, out) (a surplus funds the parent). r3: c → δ (what can not pay dissolves), for
 * elementary membranes other than the skin. r1 goes before the others, which do not compete: what r1 leaves over is
 * funds or cost, never both.
 */
export const DEPTH_RULES: readonly Rule[] = [
  {
    name: 'r1',
    consumes: multiset({ [FUND]: 1, [COST]: 1 }),
    produces: [],
    dissolves: false,
    elementaryOnly: false,
    priority: 0,
  },
  {
    name: 'r2',
    consumes: multiset({ [FUND]: 1 }),
    produces: [{ object: FUND, count: 1, target: 'out' }],
    dissolves: false,
    elementaryOnly: false,
    priority: 1,
  },
  {
    name: 'r3',
    consumes: multiset({ [COST]: 1 }),
    produces: [],
    dissolves: true,
    elementaryOnly: true,
    priority: 1,
  },
];

/** What a membrane begins with. */
export interface Endowment {
  /** Place of the membrane around it, which comes before; undefined for the skin. */
  readonly parent: number | undefined;
  /** Objects c. */
  readonly cost: number;
  /** Objects e. */
  readonly funds: number;
}

/**
 * e = min(10·n, ⌊ΔJ·N/(θJ)⌋): a membrane of n of N units is worth its cost when to lose it costs at least θ times its
 * share of the units.
 *
 * @param loss ΔJ ≥ 0, what the objective J > 0 loses without the membrane
 * @param theta θ > 0
 */
export function fundsOf(units: number, loss: number, allUnits: number, objective: number, theta: number): number {
  return Math.min(MOST_FUNDS_PER_UNIT * units, Math.floor((loss * allUnits) / (theta * objective)));
}

/**
 * Which membranes dissolve, by their places. The seed changes the run, not the result: in each membrane there is one
 * maximal choice of rules.
 */
export function dissolvedMembranes(endowments: readonly Endowment[], seed: number): readonly number[] {
  const membranes = endowments.map(({ parent, cost, funds }): PMembrane => {
    const contents: Multiset = multiset({ [COST]: cost, [FUND]: funds });
    return { parent, contents, rules: DEPTH_RULES, isDissolved: false };
  });
  // Funds climb one membrane a step, and a branch dissolves from its leaf by one membrane a step.
  const mostSteps = 2 * membranes.length + 2;
  const { configuration } = run({ membranes, environment: new Map() }, seed, mostSteps);
  return configuration.membranes.flatMap(({ isDissolved }, place) => (isDissolved ? [place] : []));
}
