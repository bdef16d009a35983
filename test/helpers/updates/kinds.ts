import type { VersionSpec } from './version-model.ts';

/** Computing that a heavy model's run costs: about 4 ms of processor time. */
export const HEAVY_ROUNDS = 1000;

/** A way in which a new version may differ from the one that serves. */
export interface Kind {
  readonly name: string;
  readonly description: string;
  /** Whether updates to it are to complete. */
  readonly isGood: boolean;
  /** Reasons that name what is wrong with it. */
  readonly reasons: readonly string[];
  /** Whether it takes a model whose time is in its computing, not in the server around it. */
  readonly needsHeavyModel: boolean;
  readonly specify: (serving: VersionSpec) => VersionSpec;
}

const FAILURE_EVIDENCE = ['evidence_failures', 'evidence_pairs'];

const other = (serving: VersionSpec): VersionSpec => ({ ...serving, offset: serving.offset + 1 });

const bad = (name: string, description: string, fault: VersionSpec['bad'], reasons: readonly string[] = []): Kind => ({
  name,
  description,
  isGood: false,
  reasons: [...FAILURE_EVIDENCE, ...reasons],
  needsHeavyModel: false,
  specify: (serving) => ({ ...other(serving), ...(fault === undefined ? {} : { bad: fault }) }),
});

export const IDENTICAL: Kind = {
  name: 'identical',
  description: 'the same file as the version that serves',
  isGood: true,
  reasons: [],
  needsHeavyModel: false,
  specify: (serving) => serving,
};

export const GOOD: Kind = {
  name: 'good',
  description: 'other answers, as good as the old ones',
  isGood: true,
  reasons: [],
  needsHeavyModel: false,
  specify: other,
};

const SLOW: Kind = {
  name: 'slow',
  description: 'computes twice as long',
  isGood: false,
  reasons: ['evidence_time'],
  needsHeavyModel: true,
  specify: (serving) => ({ ...other(serving), rounds: 2 * (serving.rounds ?? HEAVY_ROUNDS) }),
};

/** Every way of being bad. The fault always is one that loading the version, and made-up inputs, do not show. */
export const BAD_KINDS: readonly Kind[] = [
  bad('failing', 'fails on all inputs but the made-up ones', { fault: 'fail', percent: 100 }, ['failed_probe']),
  bad('failing-at-times', 'fails on 10 % of inputs', { fault: 'fail', percent: 10 }),
  SLOW,
  bad('not-finite', 'NaN on all inputs but the made-up ones', { fault: 'not_finite', percent: 100 }, ['not_finite']),
  bad('not-finite-at-times', 'NaN on 10 % of inputs', { fault: 'not_finite', percent: 10 }, ['not_finite']),
  bad('crashing', 'its process ends on 5 % of inputs', { fault: 'crash', percent: 5 }, ['crash_loop']),
  bad('hanging', 'runs for hours on 5 % of inputs', { fault: 'hang', percent: 5 }, ['crash_loop']),
];

/** @throws Error for a name that no kind has */
export function kindOf(name: string): Kind {
  const kind = [IDENTICAL, GOOD, ...BAD_KINDS].find((each) => each.name === name);
  if (kind === undefined) throw new Error(`There is no kind of update ${name}.`);
  return kind;
}
