/**
 * A rooted tree as the levels of its nodes in depth-first order, the root's 0. Canonical: the lexicographically largest
 * among the sequences of the tree's orderings, so that two trees are isomorphic only if their sequences are equal.
 */
export type LevelSequence = readonly number[];

/**
 * All rooted trees with `nodes` nodes, from the path to the bush: 1, 1, 2, 4, 9, 20, 48, 115, 286, 719 for 1 to 10
 * nodes.
 *
 * Source: Beyer and Hedetniemi, "Constant time generation of rooted trees", SIAM J. Comput. 9 (1980).
 *
 * @param nodes a whole number, at least 1
 */
export function rootedTrees(nodes: number): readonly LevelSequence[] {
  const trees: LevelSequence[] = [];
  let tree: LevelSequence | undefined = Array.from({ length: nodes }, (_, level) => level);
  while (tree !== undefined) {
    trees.push(tree);
    tree = successor(tree);
  }
  return trees;
}

/** The trees that hang from the root, in the canonical order: equal ones are neighbours. */
export function subtrees(tree: LevelSequence): readonly LevelSequence[] {
  const starts = tree.flatMap((level, node) => (level === 1 ? [node] : []));
  return starts.map((start, i) => tree.slice(start, starts[i + 1]).map((level) => level - 1));
}

/** σ(τ) = Π m_i!·σ(τ_i)^{m_i} over the distinct subtrees τ_i of multiplicity m_i: the number of automorphisms. */
export function symmetry(tree: LevelSequence): number {
  let product = 1;
  let multiplicity = 0;
  let previous = '';
  for (const subtree of subtrees(tree)) {
    const key = treeKey(subtree);
    multiplicity = key === previous ? multiplicity + 1 : 1;
    previous = key;
    product *= multiplicity * symmetry(subtree);
  }
  return product;
}

/** γ(τ) = |τ|·Π γ(τ_i) over all subtrees τ_i of the root. */
export function density(tree: LevelSequence): number {
  return subtrees(tree).reduce((product, subtree) => product * density(subtree), tree.length);
}

/** The tree without its last node, canonical as well; undefined for the lone root. */
export function parentTree(tree: LevelSequence): LevelSequence | undefined {
  return tree.length > 1 ? tree.slice(0, -1) : undefined;
}

/** The same text for the same tree. */
export function treeKey(tree: LevelSequence): string {
  return tree.join(' ');
}

/**
 * The next smaller canonical sequence of as many nodes. The last node p that is not a child of the root becomes a
 * sibling of its parent q, and what lies from q to before p is repeated from p on.
 *
 * Example: 0 1 2 2 → 0 1 2 1 → 0 1 1 1.
 */
function successor(tree: LevelSequence): LevelSequence | undefined {
  const p = tree.findLastIndex((level) => level > 1);
  if (p < 0) return undefined;
  const parentLevel = (tree[p] ?? 0) - 1;
  const q = tree.findLastIndex((level, node) => node < p && level === parentLevel);
  const next = tree.slice(0, p);
  for (let node = p; node < tree.length; node += 1) next.push(next[node - (p - q)] ?? 0);
  return next;
}
