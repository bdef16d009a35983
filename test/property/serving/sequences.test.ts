import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { HANG_LIMIT_MS, Serving } from '../../helpers/serving/serving.ts';

/** What may happen to a server. Times are in milliseconds; numbers choose among what is there. */
type Step =
  | {
      readonly kind: 'load';
      readonly model: string;
      readonly version: string;
      readonly forceReload: boolean;
      readonly wait: boolean;
    }
  | { readonly kind: 'unload'; readonly model: string; readonly version: string | undefined }
  | {
      readonly kind: 'infer';
      readonly model: string;
      readonly version: string | undefined;
      readonly poison: boolean;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'crash'; readonly which: number; readonly began: boolean }
  | { readonly kind: 'answer'; readonly which: number }
  | { readonly kind: 'fail start' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  | { readonly kind: 'advance'; readonly ms: number };

const model = fc.constantFrom('a', 'b');
const version = fc.constantFrom('1', '2');
const anyVersion = fc.option(version, { nil: undefined });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('load' as const), model, version, forceReload: fc.boolean(), wait: fc.boolean() }),
  fc.record({ kind: fc.constant('unload' as const), model, version: anyVersion }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('infer' as const),
      model,
      version: anyVersion,
      poison: fc.nat(4).map((n) => n === 0),
      timeoutMs: fc.constantFrom(10, 1000, 30_000),
    }),
  },
  fc.record({ kind: fc.constant('crash' as const), which: fc.nat(9), began: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(9) }) },
  fc.record({ kind: fc.constant('fail start' as const) }),
  fc.record({ kind: fc.constant('hold' as const) }),
  fc.record({ kind: fc.constant('release' as const) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 150, 5000, 40_000) }),
  },
);

/** A server under a random history, with what it owes written down. */
class History {
  /** Drains are never cut short here: a version may stop only once all its requests are answered. */
  readonly serving = new Serving({
    limits: { hangLimitMs: HANG_LIMIT_MS, drainTimeoutMs: 600_000, loadTimeoutMs: 600_000 },
  });
  /** Outcomes of everything that was asked; one entry per answer. */
  readonly outcomes: unknown[] = [];
  asked = 0;

  constructor() {
    for (const name of ['a', 'b']) for (const each of ['1', '2']) this.serving.catalog.add(name, each);
    this.serving.engine.now = () => this.serving.clock.monotonicMs();
    this.serving.engine.behaviour = (_request, body) => {
      if (body === 'poison') return 'crash';
      // Golden and synthetic probes are answered, so that loads end; requests wait to be.
      return body === 'ask' ? undefined : '{"outputs":[]}';
    };
  }

  async take(next: Step): Promise<void> {
    this.#do(next);
    await this.serving.clock.advance(next.kind === 'advance' ? next.ms : 0);
    this.#check();
  }

  #do(next: Step): void {
    const { engine } = this.serving;
    const alive = engine.alive;
    switch (next.kind) {
      case 'load':
        this.#ask(this.serving.load(next.model, next.version, { forceReload: next.forceReload, wait: next.wait }));
        break;
      case 'unload':
        this.#ask(this.serving.unload(next.model, next.version));
        break;
      case 'infer': {
        const body = next.poison ? 'poison' : 'ask';
        this.#ask(this.serving.infer(next.model, next.version, { timeoutMs: next.timeoutMs, body }));
        break;
      }
      case 'crash':
        alive[next.which % alive.length]?.crash(() => next.began);
        break;
      case 'answer':
        alive[next.which % alive.length]?.answerAll();
        break;
      case 'fail start':
        engine.startFailures.push(new AppError('model_unloadable', 'told to fail'));
        break;
      case 'hold':
        engine.release();
        engine.hold();
        break;
      case 'release':
        engine.release();
        break;
      case 'advance':
        break;
    }
  }

  #ask(promise: Promise<unknown>): void {
    this.asked += 1;
    promise.then(
      () => this.outcomes.push('succeeded'),
      (error: unknown) => this.outcomes.push(error),
    );
  }

  /** What holds at every moment. */
  #check(): void {
    const { engine, manager } = this.serving;
    const views = manager.residentVersions();
    for (const name of ['a', 'b']) {
      expect(views.filter((view) => view.modelId === name && view.serving).length).toBeLessThanOrEqual(1);
    }
    for (const view of views.filter((each) => each.state === 'ready' && each.progress === undefined)) {
      expect(engine.alive.map((runner) => runner.pid)).toContain(view.runnerPid);
    }
    for (const runner of engine.runners) expect(runner.stranded).toEqual([]);
  }

  async end(): Promise<void> {
    const { serving } = this;
    serving.engine.release();
    serving.engine.startFailures.length = 0;
    await serving.clock.advance(30_000 + HANG_LIMIT_MS);
    await serving[Symbol.asyncDispose]();
    await serving.clock.advance(0);
  }
}

test('whatever happens: each request is answered once, and at the end no runner, payload or timer is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const history = new History();
      for (const next of steps) await history.take(next);
      await history.end();
      expect(history.outcomes).toHaveLength(history.asked);
      for (const outcome of history.outcomes) {
        if (outcome !== 'succeeded') expect(outcome).toBeInstanceOf(AppError);
        if (outcome instanceof AppError) expect(outcome.code).not.toBe('internal');
      }
      expect(history.serving.engine.alive).toEqual([]);
      expect(history.serving.payloads.usedBytes).toBe(0);
      expect(history.serving.clock.pendingTimers).toBe(0);
      expect(history.serving.manager.residentVersions()).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('while a request is out, an unload does not stop its runner before the drain limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.boolean(), async (requests, reload) => {
      const history = new History();
      const { serving } = history;
      await serving.load('a', '1');
      const runner = serving.engine.latest;
      const answers = Array.from({ length: requests }, () => serving.infer('a', '1', { body: 'ask' }));
      const ending = reload ? serving.load('a', '1', { forceReload: true }) : serving.unload('a', '1');
      for (const run of [...runner.open]) {
        await serving.clock.advance(100);
        expect(runner.disposed).toBe(false);
        runner.answer(run, '{}');
      }
      await Promise.all([...answers, ending]);
      await serving.clock.advance(0);
      expect(runner.disposed).toBe(true);
      await history.end();
    }),
    { numRuns: 30 },
  );
});
