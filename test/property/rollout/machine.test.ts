import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Effect } from '../../../src/core/rollout/effects.ts';
import { isTerminal, weightsOf } from '../../../src/core/rollout/rollout-state.ts';
import { OPEN, type Target, TRAFFIC } from '../../../src/core/rollout/row.ts';
import { TRANSITIONS, transition } from '../../../src/core/rollout/transition.ts';
import { options, steps, walk } from './walks.ts';

const RUNS = { numRuns: 300 };

const positions = (effects: readonly Effect[], type: Effect['type']) =>
  effects.flatMap((effect, i) => (effect.type === type ? [i] : []));

test('weights sum to 100 and are multiples of 5, and the router has them as soon as the effects are done', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ life }) => {
        const { oldPercent, newPercent } = weightsOf(life.state, life.config);
        expect(oldPercent + newPercent).toBe(100);
        expect(newPercent % 5).toBe(0);
        expect(newPercent >= 0 && newPercent <= 100).toBe(true);
        expect(life.routedPercent).toBe(newPercent);
      });
    }),
    RUNS,
  );
});

test('only what is in the table happens, one stage at a time, and ends absorb', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, event, result, life }) => {
        if (!result.taken) return expect(result.state).toBe(before);
        expect(isTerminal(before)).toBe(false);
        const { state } = result;
        const isReached = (target: Target) =>
          target === 'same' ? state.phase === before.phase && state.stage === before.stage : target === state.phase;
        const listed = TRANSITIONS.some(
          ({ on, from, to }) => on === event.type && from.includes(before.phase) && to.some(isReached),
        );
        expect(listed).toBe(true);
        const rise = state.stage - before.stage;
        const toEnd = event.type === 'promote' && event.toEnd && state.stage === life.config.stages.length;
        if (!toEnd) expect([-1, 0, 1]).toContain(rise);
        if (rise < 0) expect(event.type).toBe('saturated');
      });
    }),
    RUNS,
  );
});

test('no weight is on a version that is not ready, not probed, or behind an open breaker', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const known = { ready: false, probed: false, open: false };
      walk(how, path, ({ event, result, life }) => {
        // What the events themselves say, not what the machine makes of them.
        if (event.type === 'new_lost' || event.type === 'server_restarted') known.ready = false;
        if (event.type === 'server_restarted') Object.assign(known, { probed: false, open: false });
        if (event.type === 'breaker_opened' && result.taken) known.open = true;
        if (event.type === 'breaker_closed') known.open = false;
        if ((event.type === 'loaded' || event.type === 'new_ready') && result.taken) known.ready = true;
        if (event.type === 'probes_passed' && result.taken) known.probed = true;
        if (isTerminal(life.state) || life.routedPercent === 0) return;
        expect(known).toEqual({ ready: true, probed: true, open: false });
        expect(life.config.dryRun).toBe(false);
      });
    }),
    RUNS,
  );
});

test('before completed a rollback is possible in every state, and is one weight write before all else', () => {
  fc.assert(
    fc.property(options, steps, fc.boolean(), (how, path, abort) => {
      const { state, config, now } = walk(how, path);
      const event = abort ? ({ type: 'abort' } as const) : ({ type: 'supersede', by: 'another' } as const);
      const result = transition(state, event, now, config);
      expect(result.taken).toBe(OPEN.includes(state.phase));
      if (!result.taken) return;
      expect(result.state.phase).toBe('rolling_back');
      expect(result.state.pause).toBeNull();
      expect(positions(result.effects, 'set_weight')).toEqual([0]);
      expect(positions(result.effects, 'record')).toEqual([1]);
      // Unless the old version is away and the new one is healthy, nothing goes to the new one any more.
      const { newPercent } = weightsOf(result.state, config);
      if (state.oldReady || !state.newReady || !state.proven) expect(newPercent).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('a version that is convicted has no weight from then on, even while the old one is away', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const life = walk(how, path);
      const result = life.send({ type: 'verdict', component: 'paired_failures', logShare: -Math.log(0.01), facts: {} });
      if (!result.taken) return;
      expect(weightsOf(life.state, life.config).newPercent).toBe(0);
      life.send({ type: 'old_lost', facts: {} });
      expect(weightsOf(life.state, life.config).newPercent).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('what gives the new version more is recorded before it takes effect', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, event, result, life }) => {
        const rises = weightsOf(life.state, life.config).newPercent > weightsOf(before, life.config).newPercent;
        if (!rises || event.type === 'old_lost' || event.type === 'server_restarted') return;
        // A rollback whose target is the only healthy runner.
        if (life.state.phase === 'rolling_back' && !life.state.oldReady) return;
        const [weight = -1] = positions(result.effects, 'set_weight');
        expect(positions(result.effects, 'record').some((record) => record < weight)).toBe(true);
      });
    }),
    RUNS,
  );
});

test('a pause stops the ramp: no stage is passed but by a promotion', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, event, result }) => {
        if (before.pause === null || !result.taken) return;
        if (event.type === 'promote') return expect(result.state.pause).toBeNull();
        if (event.type === 'resume') return expect(result.state.pause).toBeNull();
        expect(result.state.stage).toBeLessThanOrEqual(before.stage);
        // A load and its probes go on; from a stage or the bake there is only a way back.
        const traffic = TRAFFIC.indexOf(result.state.phase);
        expect(traffic).toBeLessThanOrEqual(TRAFFIC.indexOf(before.phase));
      });
    }),
    RUNS,
  );
});

test('the old version is let go only after the bake, and each copy of the evidence starts once, in order', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const copies: number[] = [];
      walk(how, path, ({ before, result, life }) => {
        for (const effect of result.effects) {
          if (effect.type === 'drain') expect(effect.arm).toBe(life.config.dryRun ? 'new' : 'old');
          if (effect.type === 'drain' && effect.arm === 'old') expect(before.phase).toBe('baking');
          if (effect.type === 'start_copy') copies.push(effect.stage);
        }
      });
      expect(copies).toEqual([...new Set(copies)].toSorted((a, b) => a - b));
      expect(copies.every((stage) => stage >= 2)).toBe(true);
    }),
    RUNS,
  );
});

test('a paused-on-failure version has no weight until a person decides', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, event, life }) => {
        if (life.state.pause?.withdrawn === true) expect(life.routedPercent).toBe(0);
        const released = before.pause?.withdrawn === true && life.state.pause === null;
        if (released && !isTerminal(life.state) && life.state.phase !== 'rolling_back') {
          expect(['resume', 'promote']).toContain(event.type);
        }
      });
    }),
    RUNS,
  );
});

test('a disk that is slow or stuck never gives a version its weight back after a rollback', () => {
  const flushes = fc.infiniteStream(fc.boolean());
  fc.assert(
    fc.property(options, steps, flushes, (how, path, flush) => {
      const router = { percent: 0, sequence: 0 };
      const waiting: Effect[] = [];
      const obey = (effect: Effect | undefined) => {
        if (effect?.type !== 'set_weight' || effect.sequence < router.sequence) return;
        Object.assign(router, { percent: effect.newPercent, sequence: effect.sequence });
      };
      const life = walk(how, path, ({ result, life: { state } }) => {
        const written = result.effects.findIndex(({ type }) => type === 'record');
        for (const effect of result.effects.slice(0, Math.max(0, written))) obey(effect);
        waiting.push(...result.effects.slice(Math.max(0, written)));
        while (waiting.length > 0 && flush.next().value === true) obey(waiting.shift());
        if (state.phase === 'rolling_back' && state.oldReady) expect(router.percent).toBe(0);
        if (isTerminal(state)) return;
        // Late it may be, in giving; never in taking away what the state takes away for safety.
        if (state.breakerOpen || state.pause?.withdrawn === true || !state.newReady) expect(router.percent).toBe(0);
      });
      for (const effect of waiting) obey(effect);
      expect(router.percent).toBe(life.routedPercent);
    }),
    RUNS,
  );
});
