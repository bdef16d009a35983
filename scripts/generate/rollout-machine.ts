import { DEADLINE_OUTCOMES } from '../../src/core/rollout/deadline-rows.ts';
import { FINDINGS } from '../../src/core/rollout/reasons.ts';
import { type RolloutConfig, resolveRolloutConfig } from '../../src/core/rollout/rollout-config.ts';
import { ROLLOUT_EVENT_TYPES, type RolloutEventType } from '../../src/core/rollout/rollout-events.ts';
import { PHASES, type Phase } from '../../src/core/rollout/rollout-state.ts';
import { TRANSITIONS } from '../../src/core/rollout/transition.ts';

/** The page about the state machine of updates, as the machine's own tables say it. */
export function rolloutMachineMarkdown(): string {
  const config = resolveRolloutConfig();
  return `${[
    '# The state machine of an update',
    'Written by `npm run openapi` from the tables in `src/core/rollout`; do not edit it here.',
    `\`\`\`
pending → loading → probing → stage 1 … stage ${config.stages.length} → baking → draining → completed
any state before completed ──► rolling_back → rolled_back
\`\`\``,
    '`paused` and `held` are no states of their own: they say that a state does not advance for now. A paused update waits for a person, a held one for its evidence, its breaker or a runner. Neither ever keeps a rollback from happening.',
    '## The ladder',
    ladder(),
    '## States and events',
    'Where an event leads. `same`: the state and its stage stay, and something else changes. `stage` out of a stage is another one. No entry: the event means nothing there, is refused, and changes nothing. `completed` and `rolled_back` take no event.',
    matrix(),
    '## Transitions',
    'Of the rows for a state and an event the first one whose condition holds is taken; where none holds, the event is refused.',
    transitions(),
    '## Deadlines',
    'What happens when nothing else has. While an update is paused only the deadline of the pause counts.',
    deadlines(config),
    '## Findings',
    'A failure rolls back, or pauses at weight 0 where the update says `onFailure: pause`. A question pauses, at the weight that it has.',
    table(
      ['finding', 'is a'],
      Object.entries(FINDINGS).map(([finding, kind]) => [`\`${finding}\``, kind]),
    ),
    '## Order',
    'What takes traffic from a version that may be bad (a rollback, an open breaker, a lost runner, a pause for a failure) is one write of the weight in memory, and is recorded after. Everything else is recorded durably first.',
  ].join('\n\n')}\n`;
}

function ladder(): string {
  const careful = resolveRolloutConfig({ profile: 'careful' });
  const rows = resolveRolloutConfig().stages.map((stage, i) => [
    String(i + 1),
    `${stage.percent} %`,
    duration(stage.minDwellMs),
    String(stage.minSamples),
    String(careful.stages[i]?.minSamples),
    stage.extended ? 'yes' : '',
  ]);
  return table(['stage', 'weight', 'least dwell', 'least samples', '`careful`', 'extended validation'], rows);
}

function matrix(): string {
  const phases = PHASES.filter((phase) => phase !== 'completed' && phase !== 'rolled_back');
  const rows = ROLLOUT_EVENT_TYPES.map((type) => [`\`${type}\``, ...phases.map((phase) => targets(type, phase))]);
  return table(['event', ...phases.map((phase) => `\`${phase}\``)], rows);
}

function targets(type: RolloutEventType, phase: Phase): string {
  const rows = TRANSITIONS.filter(({ on, from }) => on === type && from.includes(phase));
  return [...new Set(rows.flatMap(({ to }) => to))].join(', ');
}

function transitions(): string {
  return table(
    ['event', 'in', 'when', 'leads to'],
    TRANSITIONS.map(({ on, from, when, what }) => [
      `\`${on}\``,
      from.map((phase) => `\`${phase}\``).join(', '),
      when,
      what,
    ]),
  );
}

function deadlines(config: RolloutConfig): string {
  const rows = DEADLINE_OUTCOMES.flatMap(({ of, when, what }) =>
    of.map((kind) => [
      `\`${kind}\``,
      duration(kind === 'held' ? config.holdLimitMs : config.deadlinesMs[kind]),
      when === '' ? what : `${what} (when ${when})`,
    ]),
  );
  return table(['of', 'by default after', 'then'], rows);
}

function duration(ms: number): string {
  const units = [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const;
  const [size, unit] = units.find(([one]) => ms >= one && ms % one === 0) ?? [1, 'ms'];
  return `${ms / size} ${unit}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
