import type { Server } from '../acceptance/server.ts';
import { CheckedLoad, settled } from './checked-load.ts';
import { HEAVY_ROUNDS, type Kind } from './kinds.ts';
import type { LoadTally } from './load-tally.ts';
import {
  abort,
  beginUpdate,
  eventsOf,
  rolloutEnd,
  rolloutUntil,
  type WireEvent,
  type WireRollout,
} from './rollouts.ts';
import { type VersionSpec, versionModel } from './version-model.ts';

/** Threads that wait for one another spin meanwhile, and on a busy machine that is most of their processor time. */
const ONE_THREAD = { intra_op_threads: 1 };

export interface UpdatedModelOptions {
  readonly modelId: string;
  readonly ratePerSecond: number;
  /** Time of each request. */
  readonly timeoutMs: number;
  readonly isHeavy: boolean;
  /** What its updates are steered by. */
  readonly strategy: Readonly<Record<string, unknown>>;
}

/** An update, as it ended and as the model's clients saw it. */
export interface UpdateResult {
  readonly kind: Kind;
  readonly rollout: WireRollout;
  readonly events: readonly WireEvent[];
  /** Of the requests that were sent from just before the update until it had ended. */
  readonly tally: LoadTally;
}

/** A model under constant load, updated again and again. */
export class UpdatedModel implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: UpdatedModelOptions;
  readonly #specs = new Map<string, VersionSpec>();
  #load: CheckedLoad | undefined;
  #serving = 1;
  #latest = 0;
  /** Of requests that were sent while no update was under way. */
  between: LoadTally[] = [];

  private constructor(server: Server, options: UpdatedModelOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Loads version 1 and begins the load. */
  static async start(server: Server, options: UpdatedModelOptions): Promise<UpdatedModel> {
    const model = new UpdatedModel(server, options);
    model.add({ offset: 1, ...(options.isHeavy ? { rounds: HEAVY_ROUNDS } : {}) });
    const { status, body } = await server.load(options.modelId, { version: '1', options: ONE_THREAD });
    if (status !== 200) throw new Error(`${options.modelId} was not loaded: ${status} ${JSON.stringify(body)}`);
    model.beginLoad(server.url);
    return model;
  }

  get id(): string {
    return this.#options.modelId;
  }

  get isHeavy(): boolean {
    return this.#options.isHeavy;
  }

  get servingVersion(): string {
    return String(this.#serving);
  }

  get #servingSpec(): VersionSpec {
    return this.#specs.get(this.servingVersion) ?? { offset: 1 };
  }

  /** Puts one more version into the repository, and tells its name. */
  add(spec: VersionSpec): string {
    this.#latest += 1;
    const version = String(this.#latest);
    this.#specs.set(version, spec);
    this.#server.home.add(this.id, versionModel(spec), version);
    return version;
  }

  /** Puts one more version of a kind into the repository, and tells its name. */
  addKind(kind: Kind): string {
    return this.add(kind.specify(this.#servingSpec));
  }

  /** Begins the load anew: after a restart of the server it listens elsewhere. */
  beginLoad(url: string): void {
    const { ratePerSecond, timeoutMs, modelId } = this.#options;
    const specOf = (version: string) => this.#specs.get(version);
    this.#load = new CheckedLoad({ url, modelId, ratePerSecond, timeoutMs, seed: this.#latest, specOf });
    this.between.push(this.#load.beginTally());
  }

  /** What is sent from now on is counted apart. */
  beginTally(): LoadTally {
    if (this.#load === undefined) throw new Error(`nothing is sent to ${this.id}`);
    return this.#load.beginTally();
  }

  /** Updates to a new version of that kind, and waits for the end, and for the answers to all that was sent meanwhile. */
  async update(kind: Kind): Promise<UpdateResult> {
    const tally = this.beginTally();
    const version = this.addKind(kind);
    const { rollout_id: id } = await beginUpdate(this.#server, this.id, version, {
      strategy: this.#options.strategy,
      options: ONE_THREAD,
    });
    const ended = await this.#end(id);
    this.between.push(this.beginTally());
    if (ended.outcome === 'completed') this.#serving = this.#latest;
    await settled(tally);
    return { kind, rollout: ended, events: await eventsOf(this.#server, id), tally };
  }

  /** One that is paused until a person decides is aborted, and told as it was when it was paused. */
  async #end(id: string): Promise<WireRollout> {
    const ended = await rolloutEnd(this.#server, id, 300_000);
    if (ended.outcome !== null) return ended;
    await abort(this.#server, id);
    const { outcome } = await rolloutUntil(this.#server, id, (rollout) => rollout.outcome !== null);
    return { ...ended, outcome };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load?.stop();
  }
}
