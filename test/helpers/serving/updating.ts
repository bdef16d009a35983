import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersionSelector } from '../../../src/core/model/version.ts';
import type { RolloutOptions } from '../../../src/core/rollout/rollout-config.ts';
import type { ServingDependencies } from '../../../src/serving/dependencies.ts';
import type { RunRequest } from '../../../src/serving/ports/engine.ts';
import type { UpdateRequest } from '../../../src/serving/rollouts/service.ts';
import type { RolloutView } from '../../../src/serving/rollouts/views.ts';
import type { InferReply, InferRequest } from '../../../src/serving/service.ts';
import { settle } from './fake-clock.ts';
import type { FakeEngine, FakeRunner } from './fake-engine.ts';
import type { FakeStore } from './fake-store.ts';
import { Serving } from './serving.ts';

const NEVER = new AbortController().signal;

/** A ladder that takes seconds. */
export const SHORT: RolloutOptions = {
  stages: [5, 15, 30, 50, 75, 90, 100].map((percent) => ({
    percent,
    minDwellMs: 1000,
    minSamples: 20,
    extended: percent === 50,
  })),
  bakeMs: 1000,
  firstPairs: 10,
  firstTimePairs: 3,
  agreementPairs: 5,
  keepPreviousMs: 60_000,
};

export interface Answered {
  readonly body: string;
  readonly reply: InferReply | undefined;
  readonly error: unknown;
}

/** A model of which version 1 serves, to be updated under traffic. */
export class Updating implements AsyncDisposable {
  readonly serving: Serving;
  readonly modelId = parseModelId('m');
  /** What every request got. */
  readonly answers: Answered[] = [];
  /** What each version's runners were asked to run. */
  #sent = 0;

  private constructor(serving: Serving) {
    this.serving = serving;
  }

  static async open(overrides: Partial<ServingDependencies> = {}, store?: FakeStore): Promise<Updating> {
    const updating = new Updating(new Serving(overrides, store));
    const { serving } = updating;
    for (const version of ['1', '2', '3']) serving.catalog.add('m', version);
    serving.engine.now = () => serving.clock.monotonicMs();
    await serving.manager.start();
    return updating;
  }

  /** With version 1 loaded. */
  static async ready(overrides: Partial<ServingDependencies> = {}): Promise<Updating> {
    const updating = await Updating.open(overrides);
    await updating.serving.load('m', '1');
    return updating;
  }

  /** In the first stage, on a store that can be made to fail. */
  static async inFirstStage(store: FakeStore): Promise<Updating> {
    const updating = await Updating.open({}, store);
    await updating.serving.load('m', '1');
    await updating.update();
    await updating.traffic(100_000, 10, () => updating.latest.stage === 1);
    return updating;
  }

  get rollouts() {
    return this.serving.manager.rollouts;
  }

  /** The runner of a version that is alive. */
  runner(version: string): FakeRunner {
    const runner = this.serving.engine.alive.find(({ spec }) => spec.version === version);
    if (runner === undefined) throw new Error(`no runner of version ${version} is alive`);
    return runner;
  }

  /** One request stays on version 1 until the end of the test. */
  holdOld(): void {
    const usual = this.serving.engine.behaviour;
    this.serving.engine.behaviour = (request, body) => (body === 'held' ? undefined : usual(request, body));
    this.send('held', { timeoutMs: 20_000_000 });
  }

  /** No pair that is run from now on is answered. */
  holdPairs(): void {
    const usual = this.serving.engine.behaviour;
    this.serving.engine.behaviour = (request, body) => (request.alone ? undefined : usual(request, body));
  }

  isOfVersion(version: string, request: RunRequest): boolean {
    return this.serving.engine.runners.some(
      ({ spec, requests }) => spec.version === version && requests.includes(request),
    );
  }

  versionsAlive(): readonly string[] {
    return this.serving.engine.alive.map(({ spec }) => spec.version).toSorted();
  }

  update(strategy: RolloutOptions = SHORT, more: Partial<UpdateRequest> = {}): Promise<RolloutView> {
    return this.rollouts.update(
      {
        modelId: this.modelId,
        newVersion: parseVersionSelector('2'),
        source: undefined,
        sha256: undefined,
        options: {},
        strategy,
        supersede: false,
        wait: false,
        ...more,
      },
      NEVER,
    );
  }

  get latest(): RolloutView {
    const [latest] = this.rollouts.list(this.modelId);
    if (latest === undefined) throw new Error('there is no rollout');
    return latest;
  }

  send(body = `{"n":${this.#sent}}`, more: Partial<InferRequest> = {}): void {
    this.#sent += 1;
    this.serving.infer('m', undefined, { body, ...more }).then(
      (reply) => this.answers.push({ body, reply, error: undefined }),
      (error: unknown) => this.answers.push({ body, reply: undefined, error }),
    );
  }

  /** Requests every `everyMs` for so long, or until `until` holds. */
  async traffic(forMs: number, everyMs = 10, until: () => boolean = () => false): Promise<void> {
    for (let passed = 0; passed < forMs && !until(); passed += everyMs) {
      this.send();
      await this.serving.clock.advance(everyMs);
    }
    await settle();
  }

  /** Under traffic, until the latest rollout has ended. */
  async untilEnded(forMs = 200_000, everyMs = 10): Promise<RolloutView> {
    await this.traffic(forMs, everyMs, () => this.latest.outcome !== undefined);
    return this.latest;
  }

  errors(): readonly unknown[] {
    return this.answers.flatMap(({ error }) => (error === undefined ? [] : [error]));
  }

  servedBy(version: string): number {
    return this.answers.filter(({ reply }) => reply?.version === version).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.serving[Symbol.asyncDispose]();
  }
}

/** How version 2 behaves, while version 1 answers everything. */
export function onVersion2(
  engine: FakeEngine,
  behaviour: (request: RunRequest, body: string) => ReturnType<FakeEngine['behaviour']>,
): void {
  const usual = engine.behaviour;
  engine.behaviour = (request, body) => {
    const runner = engine.alive.find(({ open }) => [...open].some((run) => run.request === request));
    return runner?.spec.version === '2' ? behaviour(request, body) : usual(request, body);
  };
}
