import { expect } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { EMPTY_MANIFEST } from '../../../src/core/model/manifest.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { HANG_LIMIT_MS, Serving } from '../../helpers/serving/serving.ts';
import { Choices } from './choices.ts';
import { OwedAnswers } from './owed-answers.ts';
import type { Step } from './steps.ts';

/** A server under a random history, restarts included, with what it owes written down. */
export class History {
  readonly #store = new FakeStore();
  readonly #choices = new Choices(this.#store);
  /** Outcomes of everything that was asked; one entry per answer. */
  readonly outcomes: unknown[] = [];
  asked = 0;
  readonly #broken = new Set<string>();
  readonly #stalled = new Map<string, PromiseWithResolvers<void>>();
  #serving = this.#life();
  #owed = new OwedAnswers(this.#serving);

  get serving(): Serving {
    return this.#serving;
  }

  /** One server from its start to its end. */
  #life(): Serving {
    // Drains are never cut short here: a version may stop only once all its requests are answered.
    const serving = new Serving(
      { limits: { hangLimitMs: HANG_LIMIT_MS, drainTimeoutMs: 600_000, loadTimeoutMs: 600_000 } },
      this.#store,
    );
    for (const version of ['1', '2']) {
      serving.catalog.add('a', version);
      serving.catalog.add('b', version, { manifest: { ...EMPTY_MANIFEST, options: { instances: 3 } } });
    }
    serving.engine.now = () => serving.clock.monotonicMs();
    serving.engine.behaviour = (_request, body) => {
      if (body.startsWith('poison')) return 'crash';
      // Golden and synthetic probes are answered, so that loads end; requests wait to be.
      return body.startsWith('ask') ? undefined : '{"outputs":[]}';
    };
    const prepare = serving.engine.prepare.bind(serving.engine);
    serving.engine.prepare = async (path, signal) => {
      await this.#stalled.get(path)?.promise;
      if (this.#broken.has(path)) throw new AppError('model_unloadable', 'truncated');
      return prepare(path, signal);
    };
    return serving;
  }

  async take(next: Step): Promise<void> {
    if (next.kind === 'restart') await this.#restart(next.preload);
    else this.#do(next);
    await this.#serving.clock.advance(next.kind === 'advance' ? next.ms : 0);
    this.#check();
  }

  async #restart(preload: (Step & { kind: 'restart' })['preload']): Promise<void> {
    const slow = [...this.#stalled.keys()];
    await this.end();
    for (const path of slow) this.#stall(path);
    this.#serving = this.#life();
    this.#owed = new OwedAnswers(this.#serving);
    const named = preload === undefined ? [] : [preload];
    for (const { model, version } of named) this.#choices.load(model, version, undefined);
    await this.#serving.manager.start(
      named.map(({ model, version }) => ({ modelId: parseModelId(model), version: parseVersion(version) })),
    );
  }

  #do(next: Exclude<Step, { kind: 'restart' }>): void {
    switch (next.kind) {
      case 'load':
        this.#load(next);
        break;
      case 'unload':
        this.#owed.unload(next.model, next.version);
        this.#choices.unload(next.model, next.version);
        this.#count(this.#serving.unload(next.model, next.version));
        break;
      case 'infer':
        this.#choices.infer(next.model, next.version, this.#serving);
        this.#count(this.#owed.ask(next.model, next.version, next.timeoutMs, next.poison));
        break;
      default:
        this.#happen(next);
    }
  }

  #happen(next: Exclude<Step, { kind: 'restart' | 'load' | 'unload' | 'infer' }>): void {
    const { engine } = this.#serving;
    const runner = 'which' in next ? engine.alive[next.which % engine.alive.length] : undefined;
    switch (next.kind) {
      case 'crash':
        runner?.crash(() => next.began);
        break;
      case 'answer':
        if (runner !== undefined) this.#owed.answer(runner);
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
      case 'break':
        if (!this.#broken.delete(pathOf(next))) this.#broken.add(pathOf(next));
        break;
      case 'stall':
        this.#stall(pathOf(next));
        break;
      case 'advance':
        break;
    }
  }

  #load({ model, version, forceReload, wait }: Step & { kind: 'load' }): void {
    const load = this.#serving.load(model, version, { forceReload, wait });
    this.#choices.load(model, version, wait ? load : undefined);
    this.#count(load);
  }

  #stall(path: string): void {
    const stalled = this.#stalled.get(path);
    stalled?.resolve();
    if (!this.#stalled.delete(path)) this.#stalled.set(path, Promise.withResolvers());
  }

  #count(promise: Promise<unknown>): void {
    this.asked += 1;
    promise.then(
      () => this.outcomes.push('succeeded'),
      (error: unknown) => this.outcomes.push(error),
    );
  }

  /** What holds at every moment. */
  #check(): void {
    const { engine, manager } = this.#serving;
    this.#owed.check();
    this.#choices.check(this.#serving);
    for (const view of manager.residentVersions()) {
      if (view.state !== 'ready' || view.progress !== undefined) continue;
      const alive = new Set(engine.alive.map((runner) => runner.pid));
      expect(alive).toContain(view.runnerPid);
      for (const { pid } of view.runners) expect(alive).toContain(pid);
    }
    for (const runner of engine.runners) expect(runner.stranded).toEqual([]);
  }

  /** Ends the server. Everything that was asked is answered by then, and nothing is left of it. */
  async end(): Promise<void> {
    const { engine, clock, manager, payloads } = this.#serving;
    engine.release();
    engine.startFailures.length = 0;
    for (const path of [...this.#stalled.keys()]) this.#stall(path);
    await clock.advance(30_000 + HANG_LIMIT_MS);
    this.#check();
    await this.#serving[Symbol.asyncDispose]();
    await clock.advance(0);
    expect(this.outcomes).toHaveLength(this.asked);
    expect(engine.alive).toEqual([]);
    expect(payloads.usedBytes).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(manager.residentVersions()).toEqual([]);
  }
}

function pathOf({ model, version }: { readonly model: string; readonly version: string }): string {
  return `/models/${model}/${version}/model.onnx`;
}
