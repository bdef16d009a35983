import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type LevelSequence,
  parentTree,
  rootedTrees,
  symmetry,
  treeKey,
} from '../../../src/core/dtesn/rooted-trees.ts';

/** A tree as the parent of each node but the root, each before its children. */
const parents = fc.integer({ min: 1, max: 9 }).chain((nodes) => {
  return fc.tuple(...Array.from({ length: nodes - 1 }, (_, node) => fc.nat(node)));
});

const sizes = fc.integer({ min: 1, max: 9 });

/** The largest level sequence of a tree, found by sorting its subtrees: another way than the successor's. */
function canonical(parentOf: readonly number[], root = 0, level = 0): LevelSequence {
  const children = parentOf.flatMap((parent, i) => (parent === root ? [i + 1] : []));
  const sequences = children.map((child) => canonical(parentOf, child, level + 1));
  return [level, ...sequences.sort((a, b) => compare(b, a)).flat()];
}

function compare(left: LevelSequence, right: LevelSequence): number {
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The parent of each node but the root, by a level sequence. */
function parentsOf(tree: LevelSequence): readonly number[] {
  return tree.slice(1).map((level, i) => tree.findLastIndex((other, node) => node <= i && other === level - 1));
}

test('every tree, whatever the order of its nodes, is found exactly once', () => {
  fc.assert(
    fc.property(parents, (parentOf) => {
      const key = treeKey(canonical(parentOf));
      const found = rootedTrees(parentOf.length + 1).filter((tree) => treeKey(tree) === key);
      expect(found).toHaveLength(1);
    }),
  );
});

test('each sequence is valid and canonical, so that no two are isomorphic', () => {
  fc.assert(
    fc.property(sizes, (nodes) => {
      const trees = rootedTrees(nodes);
      for (const tree of trees) {
        expect(tree).toHaveLength(nodes);
        expect(canonical(parentsOf(tree))).toEqual(tree);
      }
      expect(trees).toEqual(trees.toSorted((a, b) => compare(b, a)));
      expect(new Set(trees.map(treeKey)).size).toBe(trees.length);
    }),
  );
});

test('the parent of a canonical tree is canonical', () => {
  fc.assert(
    fc.property(parents, (parentOf) => {
      const parent = parentTree(canonical(parentOf));
      if (parent === undefined) return;
      expect(canonical(parentsOf(parent))).toEqual(parent);
    }),
  );
});

test('the symmetry is the number of ways to renumber the nodes that leave the tree as it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), (nodes) => {
      for (const tree of rootedTrees(nodes)) expect(symmetry(tree)).toBe(automorphisms(parentsOf(tree)));
    }),
    { numRuns: 10 },
  );
});

/** Permutations of the nodes that keep the root and every parent. */
function automorphisms(parentOf: readonly number[]): number {
  const nodes = parentOf.map((_, i) => i + 1);
  return permutations(nodes).filter((to) => {
    const image = [0, ...to];
    return parentOf.every((parent, i) => parentOf[(image[i + 1] ?? 0) - 1] === image[parent]);
  }).length;
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
