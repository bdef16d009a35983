import { density, type LevelSequence, rootedTrees, subtrees, treeKey } from './rooted-trees.ts';
import type { Tableau } from './tableau.ts';

/** Orders are looked for up to here: 37 trees. */
export const HIGHEST_ORDER = 6;

/** Relative to 1/γ: what rounding of a tableau's coefficients may leave. */
const TOLERANCE = 1e-12;

/** Tableaux whose weights are remembered; the one that was not asked for the longest is forgotten. */
const REMEMBERED_TABLEAUX = 64;

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

/** A rooted tree of a table, with its density γ. */
export interface TabledTree {
  readonly tree: LevelSequence;
  readonly density: number;
}

/**
 * Elementary weights of Runge-Kutta tableaux over all rooted trees, and the orders that follow from them. Tables of
 * trees and weights are computed once; `counts` says how often that was so.
 *
 * Source: Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, II.2.
 */
export class BSeries {
  readonly #trees = new Map<number, readonly TabledTree[]>();
  readonly #weights = new Map<string, Map<number, readonly number[]>>();
  #treeCounts = { hits: 0, misses: 0 };
  #weightCounts = { hits: 0, misses: 0 };

  /** Look-ups of tree tables, and of elementary weights, since the start. */
  get counts(): { readonly trees: CacheCounts; readonly weights: CacheCounts } {
    return { trees: { ...this.#treeCounts }, weights: { ...this.#weightCounts } };
  }

  /** All rooted trees with `nodes` nodes, in the order of `rootedTrees`. */
  trees(nodes: number): readonly TabledTree[] {
    const known = this.#trees.get(nodes);
    if (known !== undefined) {
      this.#treeCounts.hits += 1;
      return known;
    }
    this.#treeCounts.misses += 1;
    const table = rootedTrees(nodes).map((tree) => ({ tree, density: density(tree) }));
    this.#trees.set(nodes, table);
    return table;
  }

  /** Φ(τ) for all trees τ with `nodes` nodes, in the order of `trees`. */
  elementaryWeights(tableau: Tableau, nodes: number): readonly number[] {
    const ofTableau = this.#weightsOf(tableau);
    const known = ofTableau.get(nodes);
    if (known !== undefined) {
      this.#weightCounts.hits += 1;
      return known;
    }
    this.#weightCounts.misses += 1;
    const weights = this.trees(nodes).map(({ tree }) => elementaryWeight(tableau, tree));
    ofTableau.set(nodes, weights);
    return weights;
  }

  /**
   * The largest p such that Φ(τ) = 1/γ(τ) for every tree τ with at most p nodes; 0 where even Σb ≠ 1.
   *
   * @param limit no order above it is looked for
   */
  order(tableau: Tableau, limit: number = HIGHEST_ORDER): number {
    for (let nodes = 1; nodes <= limit; nodes += 1) {
      const weights = this.elementaryWeights(tableau, nodes);
      const isMet = this.trees(nodes).every(({ density: gamma }, i) => {
        return Math.abs((weights[i] ?? 0) * gamma - 1) <= TOLERANCE;
      });
      if (!isMet) return nodes - 1;
    }
    return limit;
  }

  #weightsOf(tableau: Tableau): Map<number, readonly number[]> {
    const key = JSON.stringify([tableau.a, tableau.b]);
    const known = this.#weights.get(key) ?? new Map<number, readonly number[]>();
    this.#weights.delete(key);
    this.#weights.set(key, known);
    const [oldest] = this.#weights.keys();
    if (this.#weights.size > REMEMBERED_TABLEAUX && oldest !== undefined) this.#weights.delete(oldest);
    return known;
  }
}

/**
 * Φ(τ) = Σ_i b_i·Π g_i(τ_c) over the root's subtrees τ_c, where g_i(τ) = Σ_j a_ij·Π g_j(τ_c): with all of f's
 * derivatives 1, what the tableau makes of the tree.
 *
 * Example: for the tree of two nodes Φ = Σ b_i·c_i, 1/2 from order 2 on.
 */
export function elementaryWeight(tableau: Tableau, tree: LevelSequence): number {
  const products = stageProducts(tableau, tree, new Map());
  return tableau.b.reduce((sum, weight, stage) => sum + weight * (products[stage] ?? 0), 0);
}

/** Π g_i(τ_c) over the subtrees, for each stage i. */
function stageProducts(
  { a, b }: Tableau,
  tree: LevelSequence,
  seen: Map<string, readonly number[]>,
): readonly number[] {
  const key = treeKey(tree);
  const known = seen.get(key);
  if (known !== undefined) return known;
  let products: readonly number[] = b.map(() => 1);
  for (const subtree of subtrees(tree)) {
    const below = stageProducts({ a, b }, subtree, seen);
    products = products.map((product, stage) => {
      const row = a[stage] ?? [];
      return product * row.reduce((sum, coefficient, j) => sum + coefficient * (below[j] ?? 0), 0);
    });
  }
  seen.set(key, products);
  return products;
}
