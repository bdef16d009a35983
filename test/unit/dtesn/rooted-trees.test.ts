import { expect, test } from 'vitest';
import {
  density,
  type LevelSequence,
  parentTree,
  rootedTrees,
  subtrees,
  symmetry,
} from '../../../src/core/dtesn/rooted-trees.ts';

const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function sumOver(nodes: number, term: (tree: LevelSequence) => number): number {
  return rootedTrees(nodes).reduce((sum, tree) => sum + term(tree), 0);
}

test('there are 1, 1, 2, 4, 9, 20, 48, 115, 286, 719 rooted trees with 1 to 10 nodes', () => {
  expect(SIZES.map((nodes) => rootedTrees(nodes).length)).toEqual([1, 1, 2, 4, 9, 20, 48, 115, 286, 719]);
});

test('the trees of four nodes go from the path to the bush', () => {
  expect(rootedTrees(4)).toEqual([
    [0, 1, 2, 3],
    [0, 1, 2, 2],
    [0, 1, 2, 1],
    [0, 1, 1, 1],
  ]);
});

test('symmetry and density of the trees of four nodes are those of the textbook', () => {
  expect(rootedTrees(4).map(symmetry)).toEqual([1, 2, 1, 6]);
  expect(rootedTrees(4).map(density)).toEqual([24, 12, 8, 4]);
});

test.each(SIZES)('with %i nodes the monotonic labellings n!/(σγ) sum to (n − 1)!', (nodes) => {
  const sum = sumOver(nodes, (tree) => factorial(nodes) / (symmetry(tree) * density(tree)));
  expect(sum).toBeCloseTo(factorial(nodes - 1), 6);
});

test.each(SIZES)('with %i nodes the labelled trees n!/σ sum to n^(n−1)', (nodes) => {
  expect(sumOver(nodes, (tree) => factorial(nodes) / symmetry(tree))).toBe(nodes ** (nodes - 1));
});

test('a tree comes apart into its subtrees, equal ones side by side', () => {
  expect(subtrees([0, 1, 2, 1, 1])).toEqual([[0, 1], [0], [0]]);
  expect(subtrees([0])).toEqual([]);
});

test('the parent of a tree lacks its last node, and the lone root has none', () => {
  expect(parentTree([0, 1, 2, 1])).toEqual([0, 1, 2]);
  expect(parentTree([0])).toBeUndefined();
});
