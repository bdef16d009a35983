import { addTo, type Multiset, timesWithin } from './multiset.ts';
import type { PMembrane, Rule } from './p-system.ts';
import type { RandomStream } from './random.ts';

export interface Assigned {
  /** How often each rule applies in this step; rules that do not are left out. */
  readonly times: ReadonlyMap<Rule, number>;
  readonly leftOver: Multiset;
}

/**
 * Draws which rules apply in a membrane, and how often: of the rules that apply to what is left over, those of the
 * smallest priority number first, one is drawn, and how often, until none applies. Every maximal choice is possible.
 *
 * @param children of the membrane
 */
export function applyRules(membrane: PMembrane, children: readonly number[], random: RandomStream): Assigned {
  const leftOver = new Map(membrane.contents);
  const times = new Map<Rule, number>();
  const isSkin = membrane.parent === undefined;
  const usable = membrane.rules.filter((rule) => canApply(rule, isSkin, children.length));
  for (let rules = applicable(usable, leftOver); rules.length > 0; rules = applicable(usable, leftOver)) {
    const rule = rules[random.below(rules.length)];
    if (rule === undefined) break;
    const drawn = 1 + random.below(timesWithin(leftOver, rule.consumes));
    for (const [object, count] of rule.consumes) addTo(leftOver, object, -count * drawn);
    times.set(rule, (times.get(rule) ?? 0) + drawn);
  }
  return { times, leftOver };
}

/** Whether the structure allows the rule, whatever the contents are. */
export function canApply(rule: Rule, isSkin: boolean, children: number): boolean {
  if (rule.dissolves && isSkin) return false;
  if (rule.elementaryOnly && children > 0) return false;
  return children > 0 || rule.produces.every(({ target }) => target !== 'in');
}

/** The rules that apply at least once, those of the smallest priority number among them. */
function applicable(rules: readonly Rule[], contents: Multiset): readonly Rule[] {
  const possible = rules.filter((rule) => timesWithin(contents, rule.consumes) > 0);
  const first = Math.min(...possible.map((rule) => rule.priority));
  return possible.filter((rule) => rule.priority === first);
}
