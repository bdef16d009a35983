import { afterStage, enter, firstTraffic } from './entering.ts';
import { pauseFor, rollBack } from './failure.ts';
import type { LogBody } from './log-entry.ts';
import { canAnswer, type RolloutState } from './rollout-state.ts';
import { OPEN, PAUSABLE, type Row, row } from './row.ts';

/** What a person may ask for: to overrule what a gate waits for, not to give traffic to what can not answer. */
export const PERSON_ROWS: readonly Row[] = [
  row({
    on: 'abort',
    from: OPEN,
    when: '',
    to: ['rolling_back'],
    what: 'rolled back, `aborted`',
    log: () => rollBack('aborted'),
  }),
  row({
    on: 'supersede',
    from: OPEN,
    when: '',
    to: ['rolling_back'],
    what: 'rolled back, `superseded`',
    log: ({ event }) => rollBack('superseded', { by: event.by }),
  }),
  row({
    on: 'pause',
    from: PAUSABLE,
    when: 'not paused',
    guard: ({ state }) => state.pause === null,
    to: ['same'],
    what: 'paused, `requested`',
    log: () => pauseFor('requested'),
  }),
  row({
    on: 'resume',
    from: ['probing'],
    when: 'paused, and the probes have passed meanwhile',
    guard: ({ state }) => isPaused(state) && state.proven,
    to: ['stage', 'baking'],
    what: 'goes on; its traffic begins, `resumed`',
    log: ({ state }) => [...resume(state), firstTraffic(state, 'resumed')],
  }),
  row({
    on: 'resume',
    from: PAUSABLE,
    when: 'paused',
    guard: ({ state }) => isPaused(state),
    to: ['same'],
    what: 'goes on; what it was paused for is accepted',
    log: ({ state }) => resume(state),
  }),
  row({
    on: 'promote',
    from: ['stage'],
    when: 'to the end, a stage above, the new version can answer',
    guard: ({ state, event, config }) => event.toEnd && canAnswer(state) && state.stage < config.stages.length,
    to: ['stage'],
    what: 'the last stage, `promoted`; goes on if it was paused',
    log: ({ state, config }) => [...resume(state), enter('stage', config.stages.length, 'promoted')],
  }),
  row({
    on: 'promote',
    from: ['stage'],
    when: 'by one, the new version can answer',
    guard: ({ state, event }) => !event.toEnd && canAnswer(state),
    to: ['stage', 'baking', 'draining'],
    what: 'the next stage, after the last one the bake (in a dry run the drain), whatever the gate says, `promoted`; goes on if it was paused',
    log: ({ state, config }) => [...resume(state), afterStage(state, config, 'promoted')],
  }),
  row({
    on: 'promote',
    from: ['baking'],
    when: 'by one, the new version can answer',
    guard: ({ state, event }) => !event.toEnd && canAnswer(state),
    to: ['draining'],
    what: 'the drain, whatever the gate says, `promoted`; goes on if it was paused',
    log: ({ state, config }) => [...resume(state), afterStage(state, config, 'promoted')],
  }),
];

function isPaused({ pause }: RolloutState): boolean {
  return pause !== null;
}

function resume({ pause }: RolloutState): readonly LogBody[] {
  return pause === null ? [] : [{ type: 'resumed', facts: { pausedFor: pause.reason } }];
}
