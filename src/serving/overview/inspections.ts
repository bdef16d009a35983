import type { CatalogVersion } from '../ports/catalog.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, PreparedModel } from '../ports/engine.ts';
import { Turns } from '../turns.ts';

/** Files can be replaced while they are not loaded; what was read of one counts this long. */
const FRESH_MS = 60_000;
const MAX_KEPT = 256;
/** Each is a process that reads a whole file: whoever may ask for metadata must not be able to start many. */
const AT_ONCE = 2;

interface Inspection {
  readonly prepared: Promise<PreparedModel>;
  /** Undefined: it is under way, or waits for its turn. */
  endedAtMs: number | undefined;
}

/** What model files hold that are not loaded, read when somebody asks and kept for a while. */
export class Inspections implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #byPath = new Map<string, Inspection>();
  readonly #turns = new Turns(AT_ONCE);
  readonly #end = new AbortController();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** @throws AppError `model_unloadable` with the reason */
  of({ modelPath }: CatalogVersion): Promise<PreparedModel> {
    const known = this.#byPath.get(modelPath);
    if (known !== undefined && this.#isFresh(known)) return known.prepared;
    const inspection: Inspection = { prepared: this.#turns.run(() => this.#read(modelPath)), endedAtMs: undefined };
    const ended = () => {
      inspection.endedAtMs = this.#clock.monotonicMs();
    };
    inspection.prepared.then(ended, ended);
    this.#byPath.delete(modelPath);
    this.#byPath.set(modelPath, inspection);
    this.#forgetOldest();
    return inspection.prepared;
  }

  /** Who asks may go away; the next who asks is glad of the answer. */
  #read(modelPath: string): Promise<PreparedModel> {
    this.#end.signal.throwIfAborted();
    return this.#engine.prepare(modelPath, this.#end.signal);
  }

  #isFresh({ endedAtMs }: Inspection): boolean {
    return endedAtMs === undefined || this.#clock.monotonicMs() - endedAtMs < FRESH_MS;
  }

  /** What has not ended stays: it would be begun a second time. */
  #forgetOldest(): void {
    for (const [path, { endedAtMs }] of this.#byPath) {
      if (this.#byPath.size <= MAX_KEPT) return;
      if (endedAtMs !== undefined) this.#byPath.delete(path);
    }
  }

  /** Ends what is under way and what waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the server is shutting down'));
    await Promise.allSettled([...this.#byPath.values()].map(({ prepared }) => prepared));
  }
}
