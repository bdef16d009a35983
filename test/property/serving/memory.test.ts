import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { Budgeted, GB } from '../../helpers/serving/budget.ts';
import { HANG_LIMIT_MS } from '../../helpers/serving/serving.ts';

const BUDGET_GB = 5;
/** Sizes that fit together in many ways, and one that fits only alone. */
const SIZES_GB = [1, 1, 1, 2, 2, 3, 5];

const model = fc.nat(SIZES_GB.length - 1).map((index) => `m${index}`);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('infer' as const), model }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(9) }) },
  fc.record({
    kind: fc.constant('load' as const),
    model,
    pinned: fc.option(fc.boolean(), { nil: undefined }),
    forceReload: fc.boolean(),
    keepAliveMs: fc.option(fc.constantFrom(100, 5000), { nil: undefined }),
    instances: fc.constantFrom(1, 1, 2),
  }),
  fc.record({ kind: fc.constant('give up' as const) }),
  fc.record({ kind: fc.constant('unload' as const), model }),
  fc.record({ kind: fc.constant('crash' as const), which: fc.nat(9) }),
  fc.record({ kind: fc.constantFrom('fail start' as const, 'hold' as const, 'release' as const) }),
  fc.record({ kind: fc.constant('payloads' as const), bytes: fc.constantFrom(0, 0.2 * GB) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 150, 6000, 40_000) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const keptFor = (keepAliveMs: number | undefined) => (keepAliveMs === undefined ? {} : { keepAliveMs });

/** A server with a small budget under a random history. */
class History {
  readonly serving: Budgeted;
  readonly #pending: Promise<unknown>[] = [];
  #caller = new AbortController();
  readonly codes: unknown[] = [];

  private constructor(serving: Budgeted) {
    this.serving = serving;
  }

  static async begin(): Promise<History> {
    // Drains are never cut short: a version may stop only once all its requests are answered.
    const limits = { hangLimitMs: HANG_LIMIT_MS, drainTimeoutMs: 600_000, loadTimeoutMs: 600_000 };
    const serving = await Budgeted.start(BUDGET_GB, 0, { limits });
    SIZES_GB.forEach((size, index) => {
      serving.weigh(`m${index}`, size * GB);
    });
    serving.engine.now = () => serving.clock.monotonicMs();
    serving.engine.behaviour = (_request, body) => (body === 'ask' ? undefined : '{"outputs":[]}');
    return new History(serving);
  }

  async take(next: Step): Promise<void> {
    this.#do(next);
    await this.serving.clock.advance(next.kind === 'advance' ? next.ms : 0);
    this.#check();
  }

  #do(next: Step): void {
    const { engine } = this.serving;
    const [signal, alive] = [this.#caller.signal, engine.alive];
    switch (next.kind) {
      case 'infer':
        this.#expect(this.serving.infer(next.model, undefined, { body: 'ask', signal }));
        break;
      case 'answer':
        alive[next.which % alive.length]?.answerAll();
        break;
      case 'load':
        this.#expect(
          this.serving.load(
            next.model,
            '1',
            {
              pinned: next.pinned,
              forceReload: next.forceReload,
              options: { instances: next.instances, ...keptFor(next.keepAliveMs) },
            },
            signal,
          ),
        );
        break;
      case 'give up':
        this.#caller.abort();
        this.#caller = new AbortController();
        break;
      case 'unload':
        this.#expect(this.serving.unload(next.model));
        break;
      case 'crash':
        alive[next.which % alive.length]?.crash();
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
      case 'payloads':
        engine.arenaBytes = next.bytes;
        break;
      case 'advance':
        break;
    }
  }

  #expect(work: Promise<unknown>): void {
    this.#pending.push(
      work.then(
        () => this.codes.push('succeeded'),
        (error: unknown) => this.codes.push(error instanceof AppError ? error.code : error),
      ),
    );
  }

  /** What holds at every moment. */
  #check(): void {
    const { engine, manager, budget } = this.serving;
    // Payloads come without asking; until idle versions have made room for them, they are above it.
    expect(budget.usedBytes + budget.reservedBytes - engine.arenaBytes).toBeLessThanOrEqual(BUDGET_GB * GB);
    // No runner beside those of versions: what is alive is held memory for.
    const alive = engine.alive.reduce((sum, runner) => sum + runner.footprintBytes, 0);
    expect(alive).toBeLessThanOrEqual(budget.usedBytes + budget.reservedBytes - engine.arenaBytes);
    const owned = new Set(manager.residentVersions().flatMap(({ runners }) => runners.map(({ pid }) => pid)));
    for (const view of manager.residentVersions()) {
      if (view.state === 'ready' && view.progress === undefined) expect(view.reservedBytes).toBeGreaterThan(0);
    }
    // A request that is out has its runner until it is answered.
    for (const runner of engine.runners) expect(runner.stranded).toEqual([]);
    // One that was replaced answers what it had; else a runner is a version's.
    const isMoving = manager.residentVersions().some((view) => view.state !== 'ready' || view.progress !== undefined);
    const idle = engine.alive.filter((runner) => runner.open.size + runner.givenUp.size === 0);
    if (!isMoving) for (const { pid } of idle) expect(owned).toContain(pid);
  }

  async end(): Promise<void> {
    const { serving } = this;
    serving.engine.release();
    serving.engine.startFailures.length = 0;
    for (let round = 0; round < 4; round += 1) {
      for (const runner of serving.engine.alive) runner.answerAll();
      await serving.clock.advance(11_000);
    }
    await serving[Symbol.asyncDispose]();
    await Promise.all(this.#pending);
  }
}

test('whatever happens: memory stays within the budget, nothing is stopped under a request, and all of it comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const history = await History.begin();
      for (const next of steps) await history.take(next);
      await history.end();
      const { engine, budget, payloads, clock } = history.serving;
      expect(engine.alive).toEqual([]);
      expect(budget.usedBytes - engine.arenaBytes).toBe(0);
      expect(budget.reservedBytes).toBe(0);
      expect(payloads.usedBytes).toBe(0);
      expect(clock.pendingTimers).toBe(0);
      for (const code of history.codes) expect(code).not.toBe('internal');
    }),
    { numRuns: 300 },
  );
});
