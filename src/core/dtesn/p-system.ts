import { AppError } from '../errors.ts';
import { applyRules } from './maximal-application.ts';
import { addTo, type Multiset } from './multiset.ts';
import { RandomStream } from './random.ts';

/** Where a rule puts an object: in its own membrane, in the one around it, or in a child drawn at random. */
export type Target = 'here' | 'out' | 'in';

export interface Product {
  readonly object: string;
  readonly count: number;
  readonly target: Target;
}

/** An evolution rule u → v, or u → v δ. */
export interface Rule {
  readonly name: string;
  /** u, not empty. */
  readonly consumes: Multiset;
  /** v. A rule with the target `in` does not apply in a membrane without children. */
  readonly produces: readonly Product[];
  /** δ: the membrane dissolves at the end of the step. Such a rule does not apply in the skin. */
  readonly dissolves: boolean;
  /** The rule applies only in a membrane that has no children. */
  readonly elementaryOnly: boolean;
  /**
   * Rules of a smaller number go first, and those of a larger one get what is left over (weak priority): so to what a
   * step leaves over no rule applies at all.
   */
  readonly priority: number;
}

export interface PMembrane {
  /** Place of the membrane around it; undefined for the skin, of which there is one. */
  readonly parent: number | undefined;
  readonly contents: Multiset;
  readonly rules: readonly Rule[];
  /** A dissolved membrane keeps its place, empty and without rules. */
  readonly isDissolved: boolean;
}

export interface Configuration {
  readonly membranes: readonly PMembrane[];
  /** What left the skin. */
  readonly environment: Multiset;
}

/** One rule in one membrane, so often in one step. */
export interface Application {
  readonly membrane: number;
  readonly rule: Rule;
  /** At least 1. */
  readonly times: number;
}

export interface Step {
  readonly configuration: Configuration;
  /** Empty if no rule applied. */
  readonly applied: readonly Application[];
  /** What no rule took, by membrane. */
  readonly leftOver: readonly Multiset[];
}

export interface Run {
  readonly configuration: Configuration;
  readonly steps: number;
  /** False if rules still applied after the last step that was allowed. */
  readonly hasHalted: boolean;
}

/**
 * One step of a P system: in every membrane at once, rules are drawn until none applies to what is left over, then
 * products arrive, then membranes dissolve, whose contents and children go to the membrane around them.
 *
 * Source: Păun, Membrane Computing: An Introduction, 2002, chapter 3.
 */
export function step({ membranes, environment }: Configuration, random: RandomStream): Step {
  const children = childrenOf(membranes);
  const assigned = membranes.map((membrane, place) => applyRules(membrane, children[place] ?? [], random));
  const contents = assigned.map(({ leftOver }) => new Map(leftOver));
  const outside = new Map(environment);
  const applied = assigned.flatMap(({ times }, membrane) => {
    return [...times].map(([rule, count]): Application => ({ membrane, rule, times: count }));
  });
  for (const application of applied) {
    const around = membranes[application.membrane]?.parent;
    deliver(application, contents, around === undefined ? outside : contents[around], children, random);
  }
  const dissolving = new Set(applied.filter(({ rule }) => rule.dissolves).map(({ membrane }) => membrane));
  return {
    configuration: { membranes: dissolve(membranes, contents, dissolving), environment: outside },
    applied,
    leftOver: assigned.map(({ leftOver }) => leftOver),
  };
}

/**
 * Steps until no rule applies.
 *
 * @param seed the same seed gives the same run
 * @param mostSteps after which the run is given up
 * @throws AppError `invalid_request` for a system without exactly one skin, with a parent that does not come before its
 *   child, or with a rule that consumes nothing
 */
export function run(start: Configuration, seed: number, mostSteps: number): Run {
  checkSystem(start);
  const random = new RandomStream(seed, 0);
  let configuration = start;
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const next = step(configuration, random);
    if (next.applied.length === 0) return { configuration, steps, hasHalted: true };
    configuration = next.configuration;
  }
  return { configuration, steps: mostSteps, hasHalted: false };
}

/** Places of the children of each membrane. */
export function childrenOf(membranes: readonly Pick<PMembrane, 'parent' | 'isDissolved'>[]): readonly number[][] {
  const children: number[][] = membranes.map(() => []);
  membranes.forEach(({ parent, isDissolved }, place) => {
    if (parent !== undefined && !isDissolved) children[parent]?.push(place);
  });
  return children;
}

function deliver(
  { membrane, rule, times }: Application,
  contents: readonly Map<string, number>[],
  around: Map<string, number> | undefined,
  children: readonly number[][],
  random: RandomStream,
): void {
  const inside = children[membrane] ?? [];
  for (const { object, count, target } of rule.produces) {
    if (target === 'in') {
      for (let one = 0; one < times * count; one += 1) {
        const child = contents[inside[random.below(inside.length)] ?? membrane];
        if (child !== undefined) addTo(child, object, 1);
      }
    } else {
      const to = target === 'here' ? contents[membrane] : around;
      if (to !== undefined) addTo(to, object, times * count);
    }
  }
}

function dissolve(
  membranes: readonly PMembrane[],
  contents: readonly Map<string, number>[],
  dissolving: ReadonlySet<number>,
): readonly PMembrane[] {
  const survivor = (place: number | undefined): number | undefined =>
    place !== undefined && dissolving.has(place) ? survivor(membranes[place]?.parent) : place;
  for (const place of dissolving) {
    const to = contents[survivor(place) ?? 0];
    for (const [object, count] of contents[place] ?? []) if (to !== undefined) addTo(to, object, count);
    contents[place]?.clear();
  }
  return membranes.map(({ parent, rules, isDissolved }, place) => {
    if (isDissolved || dissolving.has(place)) {
      return { parent: survivor(parent), contents: new Map(), rules: [], isDissolved: true };
    }
    return { parent: survivor(parent), contents: contents[place] ?? new Map(), rules, isDissolved };
  });
}

function checkSystem({ membranes }: Configuration): void {
  const skins = membranes.filter(({ parent }) => parent === undefined).length;
  const isOrdered = membranes.every(({ parent }, place) => parent === undefined || parent < place);
  const empty = membranes.flatMap(({ rules }) => rules).find((rule) => rule.consumes.size === 0);
  const faults = [
    ...(skins === 1 ? [] : [`it has ${skins} skins instead of one`]),
    ...(isOrdered ? [] : ['a membrane must come after the one around it']),
    ...(empty === undefined ? [] : [`the rule ${empty.name} consumes nothing, so that it would apply without end`]),
  ];
  if (faults.length > 0) throw new AppError('invalid_request', `Invalid P system: ${faults.join('; ')}.`);
}
