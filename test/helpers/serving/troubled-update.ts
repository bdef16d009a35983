import { AppError } from '../../../src/core/errors.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { settle } from './fake-clock.ts';
import { FakeStore } from './fake-store.ts';
import { SHORT, Updating } from './updating.ts';

const NEVER = new AbortController().signal;
/** A process that ends more often than this is given up, and that is another matter. */
const CRASHES_APART_MS = 30_000;

type Random = () => number;

/** A model under traffic to which one thing after the other happens, by chance. */
export class TroubledUpdate {
  readonly store: FakeStore;
  readonly happened: string[] = [];
  updating: Updating;
  readonly #random: Random;
  /** Whether version 3 fails one request in five. */
  readonly #isBad: boolean;
  #lastCrashMs = Number.NEGATIVE_INFINITY;

  private constructor(random: Random, store: FakeStore, updating: Updating) {
    this.#random = random;
    this.#isBad = random() < 0.5;
    this.store = store;
    this.updating = updating;
    if (this.#isBad) this.#failOnVersion3();
  }

  static async open(random: Random): Promise<TroubledUpdate> {
    const store = new FakeStore();
    return new TroubledUpdate(random, store, await Updating.open({}, store));
  }

  /** One more of it. What is refused is refused. */
  async step(): Promise<void> {
    const [name, act] = this.#pick(Object.entries(this.#actions));
    let isDone = false;
    const acted = act().then(
      () => `${name}: done`,
      (error: unknown) => `${name}: ${String(error)}`,
    );
    void acted.then(() => {
      isDone = true;
    });
    for (let waited = 0; !isDone && waited < 10_000; waited += 1) {
      await (name === 'restart' ? settle() : this.updating.traffic(10));
    }
    if (!isDone) throw new Error(`${name} does not end`);
    this.happened.push(await acted);
    await this.updating.traffic(this.#pick([20, 200, 2000]), 20);
  }

  /** To an end, whatever is under way. */
  async finish(): Promise<void> {
    const { rollouts } = this.updating;
    if (rollouts.underWay > 0) await this.#control('abort').catch(() => undefined);
    await this.updating.traffic(100_000, 50, () => rollouts.underWay === 0);
    await this.updating.traffic(20_000, 100);
  }

  readonly #actions: Readonly<Record<string, () => Promise<unknown>>> = {
    update: () => this.#update(),
    rollback: async () => this.updating.rollouts.rollback(this.updating.modelId, NEVER),
    pause: async () => this.#control('pause'),
    resume: async () => this.#control('resume'),
    abort: async () => this.#control('abort'),
    promote: async () => {
      const { rollouts, latest } = this.updating;
      return rollouts.control(latest.id, { type: 'promote', toEnd: this.#random() < 0.5 });
    },
    load: () => this.updating.serving.load('m', this.#pick(['1', '2', '3'])),
    unload: () => this.#unload(),
    crash: async () => this.#crash(),
    'full disk': () => this.#fullDisk(),
    restart: () => this.#restart(),
  };

  async #control(type: 'pause' | 'resume' | 'abort'): Promise<unknown> {
    return this.updating.rollouts.control(this.updating.latest.id, { type });
  }

  #update(): Promise<unknown> {
    const strategy = {
      ...SHORT,
      keepPreviousMs: 5000,
      onFailure: this.#pick(['rollback', 'pause'] as const),
      dryRun: this.#random() < 0.1,
      startPaused: this.#random() < 0.1,
      firstPairs: this.#pick([0, 10]),
    };
    const newVersion = parseVersion(this.#pick(['1', '2', '3']));
    return this.updating.update(strategy, { newVersion, supersede: this.#random() < 0.3 });
  }

  #unload(): Promise<unknown> {
    const { serving } = this.updating;
    const inUse = serving.manager.residentVersions().find((each) => each.serving)?.version;
    return serving.unload('m', this.#pick(['1', '2', '3'].filter((version) => version !== inUse)));
  }

  #crash(): void {
    const { clock, engine } = this.updating.serving;
    if (clock.monotonicMs() - this.#lastCrashMs < CRASHES_APART_MS) return;
    this.#lastCrashMs = clock.monotonicMs();
    this.#pick(engine.alive).crash(() => this.#random() < 0.5);
  }

  async #fullDisk(): Promise<void> {
    this.store.failure = new Error('disk full');
    await this.updating.traffic(this.#pick([500, 3000]), 20);
    this.store.failure = undefined;
  }

  /** In order, or without a word. */
  async #restart(): Promise<void> {
    const before = this.updating;
    if (this.#random() < 0.7) await before[Symbol.asyncDispose]();
    this.updating = await Updating.open({}, this.store);
    this.#lastCrashMs = Number.NEGATIVE_INFINITY;
    if (this.#isBad) this.#failOnVersion3();
    this.updating.answers.push(...before.answers);
  }

  #failOnVersion3(): void {
    const { serving } = this.updating;
    const usual = serving.engine.behaviour;
    serving.engine.behaviour = (request, body) => {
      const isServing = serving.view('m', '3')?.serving === true;
      if (isServing || !this.updating.isOfVersion('3', request) || this.#random() > 0.2) return usual(request, body);
      return this.#random() < 0.1 ? 'crash' : new AppError('internal', 'it is broken');
    };
  }

  #pick<T>(all: readonly T[]): T {
    const one = all[Math.floor(this.#random() * all.length)];
    if (one === undefined) throw new Error('there is nothing to pick from');
    return one;
  }
}
