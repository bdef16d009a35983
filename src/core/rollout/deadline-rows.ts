import { type Deadline, type DeadlineKind, nextDeadline } from './deadlines.ts';
import { enter } from './entering.ts';
import { pauseFor, rollBack } from './failure.ts';
import type { LogBody } from './log-entry.ts';
import { HOLD_REASONS } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import { canAnswer, type Phase, type RolloutState } from './rollout-state.ts';
import { GATED, PAUSABLE, type Row, row, type Target } from './row.ts';

/** What happens when nothing else has: nothing is stuck for ever, and no missing measurement convicts by itself. */
interface DeadlineOutcome {
  readonly of: readonly DeadlineKind[];
  readonly from: readonly Phase[];
  /** What must hold besides, in words and as a guard. */
  readonly when: string;
  readonly guard?: (state: RolloutState) => boolean;
  readonly to: readonly Target[];
  readonly what: string;
  readonly log: (state: RolloutState) => readonly LogBody[];
}

export const DEADLINE_OUTCOMES: readonly DeadlineOutcome[] = [
  {
    of: ['paused'],
    from: PAUSABLE,
    when: '',
    to: ['rolling_back'],
    what: 'rolled back, `pause_expired`',
    log: ({ pause }) => rollBack('pause_expired', { pausedFor: pause?.reason ?? null }),
  },
  {
    of: ['held'],
    from: ['stage', 'baking'],
    when: '',
    to: ['same'],
    what: 'paused, with what it was held for: `evidence_hold`, `breaker`, `new_lost`, `old_lost`',
    log: ({ hold }) => (hold === null ? [] : pauseFor(HOLD_REASONS[hold.cause])),
  },
  {
    of: ['pending', 'loading', 'probing'],
    from: ['pending', 'loading', 'probing'],
    when: '',
    to: ['rolling_back'],
    what: 'rolled back, `deadline`',
    log: ({ phase }) => rollBack('deadline', { phase }),
  },
  {
    of: ['stage', 'baking'],
    from: ['stage', 'baking'],
    when: '',
    to: ['same'],
    what: 'paused, `deadline`: missing measurements convict nobody',
    log: ({ phase, stage }) => pauseFor('deadline', { phase, stage }),
  },
  {
    of: ['draining'],
    from: ['draining'],
    when: 'the new version can answer',
    guard: canAnswer,
    to: ['completed'],
    what: 'completed, `deadline`; what is still open on the version that drains is cut off',
    log: ({ stage }) => [enter('completed', stage, 'deadline')],
  },
  {
    of: ['draining'],
    from: ['draining'],
    when: 'the new version can not answer',
    to: ['rolling_back'],
    what: 'rolled back, `deadline`',
    log: ({ phase }) => rollBack('deadline', { phase }),
  },
  {
    of: ['rolling_back'],
    from: ['rolling_back'],
    when: '',
    to: ['rolled_back'],
    what: 'rolled back, `deadline`; what is still open on the new version is cut off',
    log: ({ stage }) => [enter('rolled_back', stage, 'deadline')],
  },
];

/** A tick that comes after a deadline is that deadline too: timers may be late. */
export const DEADLINE_ROWS: readonly Row[] = DEADLINE_OUTCOMES.flatMap((outcome) => {
  const gated = outcome.from.filter((phase) => GATED.includes(phase));
  return [
    deadlineRow('deadline', outcome.from, outcome),
    ...(gated.length > 0 ? [deadlineRow('tick', gated, outcome)] : []),
  ];
});

function deadlineRow(
  on: 'deadline' | 'tick',
  from: readonly Phase[],
  { of, when, guard, to, what, log }: DeadlineOutcome,
): Row {
  return row({
    on,
    from,
    when: `that of ${of.map((kind) => `\`${kind}\``).join(', ')} has come${when === '' ? '' : `, ${when}`}`,
    guard: ({ state, now, config }) => {
      const due = dueDeadline(state, now, config);
      return due !== undefined && of.includes(due.kind) && (guard?.(state) ?? true);
    },
    to,
    what,
    log: ({ state }) => log(state),
  });
}

/** The deadline that has come, or undefined: a timer that is early, or late for another state, does nothing. */
function dueDeadline(state: RolloutState, now: number, config: RolloutConfig): Deadline | undefined {
  const next = nextDeadline(state, config);
  return next !== undefined && now >= next.at ? next : undefined;
}
