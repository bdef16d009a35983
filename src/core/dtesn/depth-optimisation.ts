import { AppError } from '../errors.ts';
import { dissolvedMembranes, fundsOf } from './depth-rules.ts';
import { groupLoss } from './group-loss.ts';
import type { Membrane } from './membranes.ts';
import { type Moments, selectFeatures } from './moments.ts';
import { choosePenalty, fitRidge, type LabelledRows, penalties, type RidgeFit, selectColumns } from './ridge.ts';

const FIRST_THETA = 0.05;
const THETA_FACTOR = 1.25;
/** Of the smallest validation error so far, what a smaller reservoir may have. */
const TOLERANCE = 1.02;
/** A smaller reservoir's penalty is looked for so far from the last one's, either way. */
const PENALTY_FACTOR = 10;

export interface DepthProblem {
  readonly membranes: readonly Membrane[];
  /** Features are [1; inputs; states membrane by membrane]. */
  readonly training: Moments;
  readonly validation: LabelledRows;
  readonly seed: number;
}

export interface DepthRound {
  readonly theta: number;
  readonly membranes: number;
  readonly units: number;
  /** λ. */
  readonly penalty: number;
  /** NRMSE on the validation rows. */
  readonly error: number;
}

export interface OptimisedDepth {
  /** Places of the membranes that stay: with each the one around it, so that their states are as before. */
  readonly kept: readonly number[];
  /** The whole reservoir first, then each smaller one that was kept. */
  readonly rounds: readonly DepthRound[];
}

interface Candidate {
  readonly kept: readonly number[];
  readonly fit: RidgeFit;
  readonly error: number;
}

/**
 * The smallest reservoir within 1.02 of the least validation error, by rounds of the P system of `depth-rules`: the
 * price θ rises until membranes dissolve, and the readout is fitted anew without them. The first round that is too bad
 * is undone and is the last. Each smaller reservoir has a penalty of its own, as noise asks for more of it.
 *
 * @throws AppError `invalid_request` if no readout can be fitted
 */
export function optimiseDepth(problem: DepthProblem): OptimisedDepth {
  let current = candidate(
    problem,
    problem.membranes.map((_, place) => place),
    penalties(problem.training.rows),
  );
  let theta = FIRST_THETA;
  let least = current.error;
  const rounds = [roundOf(problem, current, theta)];
  while (current.kept.length > 1) {
    const priced = raisePrice(problem, current, theta);
    theta = priced.theta;
    const { penalty } = current.fit;
    const next = candidate(problem, priced.kept, [penalty * PENALTY_FACTOR, penalty, penalty / PENALTY_FACTOR]);
    if (!(next.error <= TOLERANCE * least)) break;
    current = next;
    least = Math.min(least, next.error);
    rounds.push(roundOf(problem, current, theta));
  }
  return { kept: current.kept, rounds };
}

/** Raises θ until something dissolves. It ends: in the end nothing but the skin can pay. */
function raisePrice(
  { membranes, seed }: DepthProblem,
  { kept, fit }: Candidate,
  from: number,
): { readonly theta: number; readonly kept: readonly number[] } {
  const losses = lossesOf(membranes, kept, fit);
  const units = kept.map((place) => membranes[place]?.units ?? 0);
  const all = units.reduce((sum, one) => sum + one, 0);
  for (let theta = from; ; theta *= THETA_FACTOR) {
    const endowments = kept.map((place, i) => {
      const around = membranes[place]?.parent;
      const cost = units[i] ?? 0;
      return {
        parent: around === undefined ? undefined : kept.indexOf(around),
        cost,
        funds: fundsOf(cost, losses[i] ?? 0, all, fit.objective, theta),
      };
    });
    const dissolved = new Set(dissolvedMembranes(endowments, seed));
    if (dissolved.size > 0) return { theta, kept: kept.filter((_, i) => !dissolved.has(i)) };
  }
}

function lossesOf(membranes: readonly Membrane[], kept: readonly number[], fit: RidgeFit): readonly number[] {
  const allUnits = kept.reduce((sum, place) => sum + (membranes[place]?.units ?? 0), 0);
  let first = Math.round(Math.sqrt(fit.factor.length)) - allUnits;
  return kept.map((place) => {
    const group = { first, end: first + (membranes[place]?.units ?? 0) };
    first = group.end;
    return groupLoss(fit, group);
  });
}

function candidate(problem: DepthProblem, kept: readonly number[], tried: readonly number[]): Candidate {
  const { membranes, training, validation } = problem;
  const columns = columnsOf(membranes, training.features, kept);
  const moments = selectFeatures(training, columns);
  const { penalty, error } = choosePenalty(moments, selectColumns(validation, training.features, columns), tried);
  const fit = fitRidge(moments, penalty);
  if (fit === undefined) throw new AppError('internal', `The penalty ${penalty} was chosen and gives no readout.`);
  return { kept, fit, error };
}

/** Columns of the readout's features that stay: those before the states, and the states of the membranes. */
function columnsOf(membranes: readonly Membrane[], features: number, kept: readonly number[]): readonly number[] {
  const before = features - membranes.reduce((sum, { units }) => sum + units, 0);
  const columns = Array.from({ length: before }, (_, column) => column);
  let first = before;
  membranes.forEach(({ units }, place) => {
    if (kept.includes(place)) for (let unit = 0; unit < units; unit += 1) columns.push(first + unit);
    first += units;
  });
  return columns;
}

function roundOf({ membranes }: DepthProblem, { kept, fit, error }: Candidate, theta: number): DepthRound {
  const units = kept.reduce((sum, place) => sum + (membranes[place]?.units ?? 0), 0);
  return { theta, membranes: kept.length, units, penalty: fit.penalty, error };
}
