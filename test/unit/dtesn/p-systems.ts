import { multiset } from '../../../src/core/dtesn/multiset.ts';
import type { PMembrane, Product, Rule } from '../../../src/core/dtesn/p-system.ts';

type Options = Partial<Pick<Rule, 'dissolves' | 'elementaryOnly' | 'priority'>>;

export function rule(name: string, consumes: Record<string, number>, produces: Product[], options: Options = {}): Rule {
  return {
    name,
    consumes: multiset(consumes),
    produces,
    dissolves: false,
    elementaryOnly: false,
    priority: 0,
    ...options,
  };
}

export function membrane(
  parent: number | undefined,
  contents: Record<string, number>,
  rules: readonly Rule[] = [],
): PMembrane {
  return { parent, contents: multiset(contents), rules, isDissolved: false };
}
