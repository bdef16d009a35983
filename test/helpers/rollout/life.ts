import { nextDeadline } from '../../../src/core/rollout/deadlines.ts';
import type { Effect } from '../../../src/core/rollout/effects.ts';
import type { LogEntry } from '../../../src/core/rollout/log-entry.ts';
import { type RolloutOptions, resolveRolloutConfig } from '../../../src/core/rollout/rollout-config.ts';
import { checkRolloutConfig } from '../../../src/core/rollout/rollout-config-faults.ts';
import type { RolloutEvent } from '../../../src/core/rollout/rollout-events.ts';
import type { RolloutState } from '../../../src/core/rollout/rollout-state.ts';
import { createRollout, type Transition, transition } from '../../../src/core/rollout/transition.ts';
import { allIsWell } from './measurements.ts';

/** One rollout with its log, and a router that does what the effects say. */
export class Life {
  readonly config;
  readonly log: LogEntry[] = [];
  /** The effects of the last transition that was taken. */
  effects: readonly Effect[] = [];
  routedPercent = 0;
  now = 1_790_000_000_000;
  #state: RolloutState;

  constructor(options: RolloutOptions = {}) {
    this.config = checkRolloutConfig(resolveRolloutConfig(options));
    const created = createRollout(this.config, this.now);
    this.#state = created.state;
    this.#obey(created);
  }

  get state(): RolloutState {
    return this.#state;
  }

  send(event: RolloutEvent): Transition {
    const taken = transition(this.#state, event, this.now, this.config);
    this.#obey(taken);
    return taken;
  }

  /** Sends what makes it go on when all is well, after the time that it takes. */
  goOn(): Transition {
    this.now += Math.max(this.config.bakeMs, 10_000);
    return this.send(this.usefulEvent());
  }

  /** What makes it go on when all is well. */
  usefulEvent(): RolloutEvent {
    const { state } = this;
    if (state.pause !== null) return { type: 'resume' };
    if (state.breakerOpen) return { type: 'breaker_closed', facts: {} };
    if (!state.newReady && isWithNew(state)) return { type: 'new_ready', facts: {} };
    return state.oldReady ? this.work() : { type: 'old_ready', facts: {} };
  }

  /** What was to be done in this phase is done, whatever stands against going on. */
  work(): RolloutEvent {
    const { state, now } = this;
    switch (state.phase) {
      case 'pending':
        return { type: 'start' };
      case 'loading':
        return { type: 'loaded', facts: {} };
      case 'probing':
        return { type: 'probes_passed', facts: { pairs: 59 } };
      case 'stage':
      case 'baking':
        return { type: 'tick', measured: allIsWell(state, now) };
      case 'draining':
        return { type: 'drained' };
      default:
        return { type: 'unloaded' };
    }
  }

  /** Goes on until it is in this phase, and stage if one is given. */
  reach(phase: RolloutState['phase'], stage?: number): this {
    for (let steps = 0; steps < 40; steps += 1) {
      if (this.#state.phase === phase && (stage === undefined || this.#state.stage === stage)) return this;
      this.goOn();
    }
    throw new Error(`never reached ${phase} ${stage ?? ''}: it is ${this.#state.phase} ${this.#state.stage}`);
  }

  /** Lets time pass to the next deadline, and sends it. False when there is none. */
  expire(): boolean {
    const deadline = nextDeadline(this.#state, this.config);
    if (deadline === undefined) return false;
    this.now = Math.max(this.now, deadline.at);
    this.send({ type: 'deadline' });
    return true;
  }

  #obey({ state, effects, taken }: Transition): void {
    this.#state = state;
    if (taken) this.effects = effects;
    for (const effect of effects) {
      if (effect.type === 'record') this.log.push(effect.entry);
      if (effect.type === 'set_weight') this.routedPercent = effect.newPercent;
    }
  }
}

function isWithNew({ phase }: RolloutState): boolean {
  return phase !== 'pending' && phase !== 'loading';
}
