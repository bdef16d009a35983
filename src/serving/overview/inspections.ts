import type { CatalogVersion } from '../ports/catalog.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, PreparedModel } from '../ports/engine.ts';

/** Files can be replaced while they are not loaded; what was read of one counts this long. */
const FRESH_MS = 60_000;
const MAX_KEPT = 256;

interface Inspection {
  readonly prepared: Promise<PreparedModel>;
  readonly atMs: number;
}

/** What model files hold that are not loaded, read when somebody asks and kept for a while. */
export class Inspections {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #byPath = new Map<string, Inspection>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** @throws AppError `model_unloadable` with the reason */
  of(files: CatalogVersion): Promise<PreparedModel> {
    const now = this.#clock.monotonicMs();
    const known = this.#byPath.get(files.modelPath);
    if (known !== undefined && now - known.atMs < FRESH_MS) return known.prepared;
    // Who asks may go away; the next who asks is glad of the answer.
    const prepared = this.#engine.prepare(files.modelPath, new AbortController().signal);
    this.#byPath.delete(files.modelPath);
    this.#byPath.set(files.modelPath, { prepared, atMs: now });
    for (const oldest of this.#byPath.keys()) {
      if (this.#byPath.size <= MAX_KEPT) break;
      this.#byPath.delete(oldest);
    }
    return prepared;
  }
}
