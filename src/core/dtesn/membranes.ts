import { AppError } from '../errors.ts';
import type { AllocationStrategy } from '../memory/estimate.ts';
import { type LevelSequence, parentTree, rootedTrees, treeKey } from './rooted-trees.ts';

/** How large a reservoir is. */
export interface ReservoirSize {
  /** Levels of membranes, 1 to 10. */
  readonly depth: number;
  /** Units of all membranes together, 1 to 8192, at least 4 for each membrane. */
  readonly units: number;
}

/** What a model of a class is given where nothing else is asked for. */
export const CLASS_SIZES: Readonly<Record<AllocationStrategy, ReservoirSize>> = {
  small_model: { depth: 4, units: 512 },
  medium_model: { depth: 6, units: 1024 },
  large_model: { depth: 8, units: 2048 },
};

export const HIGHEST_DEPTH = 10;
export const MOST_UNITS = 8192;
export const LEAST_UNITS_PER_MEMBRANE = 4;

export interface Membrane {
  /** From 0, the skin's. */
  readonly level: number;
  /** One of the rooted trees with `level` + 1 nodes. */
  readonly tree: LevelSequence;
  /** Place of the membrane around it, which comes before it; undefined for the skin. */
  readonly parent: number | undefined;
  readonly units: number;
}

/**
 * One membrane for each rooted tree with at most `depth` nodes, the skin first and level by level; the parent of a tree
 * is the tree without its last node. The units are shared out as evenly as whole numbers allow, the larger shares
 * first.
 *
 * @throws AppError `invalid_request` for a size that is out of bounds
 */
export function membraneHierarchy(size: ReservoirSize): readonly Membrane[] {
  checkWhole('Membrane depth', size.depth, HIGHEST_DEPTH);
  checkWhole('The number of reservoir units', size.units, MOST_UNITS);
  const levels = Array.from({ length: size.depth }, (_, level) => rootedTrees(level + 1));
  const trees = levels.flat();
  checkShare(size, trees.length);
  const places = new Map(trees.map((tree, place) => [treeKey(tree), place]));
  const share = Math.floor(size.units / trees.length);
  const larger = size.units % trees.length;
  return trees.map((tree, place) => {
    const parent = parentTree(tree);
    return {
      level: tree.length - 1,
      tree,
      parent: parent === undefined ? undefined : places.get(treeKey(parent)),
      units: share + (place < larger ? 1 : 0),
    };
  });
}

function checkWhole(what: string, value: number, highest: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= highest) return;
  throw new AppError('invalid_request', `${what} is a whole number from 1 to ${highest}, not ${value}.`);
}

function checkShare({ depth, units }: ReservoirSize, membranes: number): void {
  const least = membranes * LEAST_UNITS_PER_MEMBRANE;
  if (units >= least) return;
  throw new AppError(
    'invalid_request',
    `Depth ${depth} has ${membranes} membranes of at least ${LEAST_UNITS_PER_MEMBRANE} units each: ` +
      `it needs ${least} units, not ${units}.`,
    { next: 'Ask for more units or for less depth.', details: { depth, membranes, units, leastUnits: least } },
  );
}
