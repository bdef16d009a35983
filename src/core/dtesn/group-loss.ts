import { AppError } from '../errors.ts';
import { factorise, solve, solveLower } from './cholesky.ts';
import type { RidgeFit } from './ridge.ts';
import { dot } from './row-products.ts';

/** Neighbouring features, from `first` to before `end`. */
export interface FeatureGroup {
  readonly first: number;
  readonly end: number;
}

/**
 * By how much the ridge objective J rises when a group of features is removed and all others are fitted anew, exactly:
 * ΔJ = wᵢᵀ·[(A⁻¹)ᵢᵢ]⁻¹·wᵢ with A = XᵀX + λI and wᵢ the group's weights, summed over the outputs.
 *
 * Example: with orthogonal features of squared length s, ΔJ = Σ (s + λ)·w².
 *
 * @throws AppError `internal` if (A⁻¹)ᵢᵢ is not positive definite to working precision
 */
export function groupLoss({ factor, weights }: RidgeFit, group: FeatureGroup): number {
  const n = Math.round(Math.sqrt(factor.length));
  const outputs = weights.length / n;
  const size = group.end - group.first;
  const inverse = inverseBlock(factor, n, group);
  if (!factorise(inverse, size)) {
    throw new AppError('internal', 'The readout is too ill-conditioned to say what its groups of features are worth.');
  }
  let loss = 0;
  for (let output = 0; output < outputs; output += 1) {
    const own = Float64Array.from({ length: size }, (_, i) => weights[(group.first + i) * outputs + output] ?? 0);
    const solved = Float64Array.from(own);
    solve(inverse, size, solved);
    loss += dot(own, 0, solved, 0, size);
  }
  return loss;
}

/** The group's block of A⁻¹ = L⁻ᵀL⁻¹, its lower triangle: products of the group's columns of L⁻¹. */
function inverseBlock(factor: Float64Array, n: number, { first, end }: FeatureGroup): Float64Array {
  const size = end - first;
  const columns = Array.from({ length: size }, (_, i) => {
    const column = new Float64Array(n);
    column[first + i] = 1;
    solveLower(factor, n, column, first + i);
    return column;
  });
  const block = new Float64Array(size * size);
  columns.forEach((left, i) => {
    columns.slice(0, i + 1).forEach((right, j) => {
      block[i * size + j] = dot(left, first, right, first, n - first);
    });
  });
  return block;
}
