import fc from 'fast-check';
import { nextDeadline } from '../../../src/core/rollout/deadlines.ts';
import type { StageMeasurements } from '../../../src/core/rollout/gate-report.ts';
import { EVIDENCE_COMPONENTS, FINDINGS, type Finding } from '../../../src/core/rollout/reasons.ts';
import type { RolloutOptions } from '../../../src/core/rollout/rollout-config.ts';
import type { RolloutEvent } from '../../../src/core/rollout/rollout-events.ts';
import type { RolloutState } from '../../../src/core/rollout/rollout-state.ts';
import type { Transition } from '../../../src/core/rollout/transition.ts';
import { Life } from '../../helpers/rollout/life.ts';

const rarely = fc.integer({ min: 0, max: 9 }).map((one) => one === 0);
const facts = fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(fc.double(), fc.boolean(), fc.constant('text')), {
  maxKeys: 2,
});

export const options: fc.Arbitrary<RolloutOptions> = fc.record({
  profile: fc.constantFrom('default' as const, 'careful' as const),
  stages: fc
    .uniqueArray(fc.integer({ min: 1, max: 19 }), { maxLength: 7 })
    .map((slots) => [...slots.toSorted((a, b) => a - b), 20].map((slot) => ({ percent: slot * 5 }))),
  onFailure: fc.constantFrom('rollback' as const, 'pause' as const),
  startPaused: rarely,
  dryRun: rarely,
});

const logShare = fc.oneof(
  fc.constantFrom(-2, 0, Math.log(2), 4.6, -Math.log(0.01), Infinity, -Infinity, NaN),
  fc.double({ min: -3, max: 1 }),
);
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const share = fc.double({ min: 0, max: 1 });

export const measured: fc.Arbitrary<StageMeasurements> = fc.record({
  liveSamples: fc.nat(1200),
  recordedPairs: fc.nat(400),
  syntheticPairs: fc.nat(400),
  evidence: fc.record({
    live_failures: maybe(logShare),
    paired_failures: maybe(logShare),
    cpu_time: maybe(logShare),
    wall_time: maybe(logShare),
  }),
  probes: fc.array(fc.record({ at: fc.constantFrom(0, 1_790_000_000_000, 2_000_000_000_000), passed: fc.boolean() })),
  agreement: maybe(
    fc.record({
      pairs: fc.nat(100),
      top1: maybe(share),
      maxAbsoluteDifference: maybe(fc.double()),
      cosine: maybe(share),
    }),
  ),
});

const findings = Object.keys(FINDINGS).filter((name): name is Finding => name in FINDINGS);

export const event: fc.Arbitrary<RolloutEvent> = fc.oneof(
  fc.constantFrom<RolloutEvent>(
    { type: 'start' },
    { type: 'deadline' },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'drained' },
    { type: 'unloaded' },
  ),
  fc.record({
    type: fc.constantFrom(
      'loaded' as const,
      'probes_passed' as const,
      'breaker_opened' as const,
      'breaker_closed' as const,
    ),
    facts,
  }),
  fc.record({
    type: fc.constantFrom('new_lost' as const, 'new_ready' as const, 'old_lost' as const, 'old_ready' as const),
    facts,
  }),
  fc.record({ type: fc.constant('tick' as const), measured }),
  fc.record({ type: fc.constant('saturated' as const), forMs: fc.constantFrom(0, 29_999, 30_000, 90_000), facts }),
  fc.record({ type: fc.constant('promote' as const), toEnd: rarely }),
  fc.record({ type: fc.constant('server_restarted' as const), clean: fc.boolean() }),
);

/** What ends a rollout, or stops it for a person: too frequent, it would keep walks from getting anywhere. */
export const grave: fc.Arbitrary<RolloutEvent> = fc.oneof(
  fc.record({ type: fc.constant('finding' as const), finding: fc.constantFrom(...findings), facts }),
  fc.record({
    type: fc.constant('verdict' as const),
    component: fc.constantFrom(...EVIDENCE_COMPONENTS),
    logShare,
    facts,
  }),
  fc.record({ type: fc.constant('load_failed' as const), facts }),
  fc.record({
    type: fc.constant('hook' as const),
    name: fc.constant('ask'),
    answer: fc.constantFrom('pause', 'rollback'),
  }),
  fc.constantFrom<RolloutEvent>({ type: 'abort' }, { type: 'supersede', by: 'another' }),
);

export interface Step {
  readonly event: RolloutEvent | 'useful' | 'work' | 'expire' | 'late';
  readonly afterMs: number;
}

export const step: fc.Arbitrary<Step> = fc.record({
  event: fc.oneof(
    { weight: 30, arbitrary: fc.constant('useful' as const) },
    { weight: 5, arbitrary: fc.constant('work' as const) },
    { weight: 1, arbitrary: fc.constantFrom('expire' as const, 'late' as const) },
    { weight: 12, arbitrary: event },
    { weight: 1, arbitrary: grave },
  ),
  afterMs: fc.oneof(fc.constantFrom(0, 5000, 10_000, 31_000, -1000), fc.nat(60_000)),
});

export const steps = fc.array(step, { minLength: 1, maxLength: 200, size: 'max' });

/** One event as it was sent, with what was before and what came of it. */
export interface Moment {
  readonly before: RolloutState;
  readonly event: RolloutEvent;
  readonly result: Transition;
  readonly life: Life;
}

/** Walks, and looks at every moment. */
export function walk(how: RolloutOptions, path: readonly Step[], look: (moment: Moment) => void = () => {}): Life {
  const life = new Life(how);
  for (const { event: next, afterMs } of path) {
    life.now += afterMs;
    const before = life.state;
    if (next === 'expire' || next === 'late') life.now = Math.max(life.now, nextDeadline(before, life.config)?.at ?? 0);
    const sent = eventOf(next, life);
    look({ before, event: sent, result: life.send(sent), life });
  }
  return life;
}

function eventOf(next: Step['event'], life: Life): RolloutEvent {
  if (next === 'expire') return { type: 'deadline' };
  if (next === 'useful') return life.usefulEvent();
  return next === 'work' || next === 'late' ? life.work() : next;
}
