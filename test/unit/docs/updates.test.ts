import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { snakeMembers } from '../../../src/core/casing.ts';
import { ROLLBACK_REASONS } from '../../../src/core/rollout/reasons.ts';
import { resolveRolloutConfig } from '../../../src/core/rollout/rollout-config.ts';
import { Strategy } from '../../../src/serving/rollouts/strategy.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../docs/updates.md'), 'utf8');

/** Member and default, as the table of strategies has them. */
function documented(): Record<string, unknown> {
  const table = PAGE.slice(PAGE.indexOf('| member | default |'), PAGE.indexOf('A stage as an object'));
  const rows = [...table.matchAll(/^\| `(\w+)` \| `(.+?)` \|/gm)];
  return Object.fromEntries(rows.map(([, member = '', text = '']) => [member, JSON.parse(text)]));
}

/** Members of members follow the same rule, but for those that are named after states. */
function defaults(): Record<string, unknown> {
  const { stages, driftLimits, ...rest } = resolveRolloutConfig();
  return {
    ...snakeMembers(rest),
    stages: stages.map(({ percent }) => percent),
    drift_limits: snakeMembers(driftLimits),
  };
}

describe('the chapter on updates', () => {
  test('has every member of a strategy, and its default', () => {
    expect(Object.keys(documented()).toSorted()).toEqual(Object.keys(Strategy.shape).toSorted());
    expect(documented()).toEqual(defaults());
  });

  test('has every reason of a rollback but that of hooks, which nothing sends yet', () => {
    const missing = ROLLBACK_REASONS.filter((reason) => !PAGE.includes(`\`${reason}\``));
    expect(missing).toEqual(['hook']);
  });
});
