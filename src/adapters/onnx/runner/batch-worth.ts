/** Runs of each sort that count, the latest; with fewer than some, nothing is concluded. */
const KEPT = 8;
const ENOUGH = 3;
/** What a request may cost in a shared run, of what it costs alone, for sharing to be worth while. */
const MOST_SHARE = 0.97;
/** One run in so many is of the other sort, so that what is known stays true. */
const TRY_EVERY = 64;
/** While nothing is known of the other sort: known soon, and at little cost. */
const TRY_UNKNOWN_EVERY = 16;
/** A try shows with four requests what a longer run would gain, and takes less of others' time if that is nothing. */
const FEW = 4;
const ALL = Number.POSITIVE_INFINITY;
/** Kinds that are remembered. */
const KINDS = 64;

interface Experience {
  /** Milliseconds for each request of the latest runs, where a request ran alone and where several shared a run. */
  readonly alone: number[];
  readonly shared: number[];
  decisions: number;
}

/**
 * Whether sharing runs is worth while, by what runs of the same kind took. A model that is limited by arithmetic takes
 * eight times as long for eight rows: in one run all eight are answered at its end, one after the other half of them are
 * answered in half of the time, and none is later.
 */
export class BatchWorth {
  readonly #kinds = new Map<string, Experience>();

  /**
   * @param kind what can be compared: requests that can share a run and have as many rows each
   * @param requests how many shared the run
   */
  note(kind: string, requests: number, ms: number): void {
    const { alone, shared } = this.#of(kind);
    const samples = requests === 1 ? alone : shared;
    samples.push(ms / requests);
    if (samples.length > KEPT) samples.shift();
  }

  /** How many requests are to share the next run, at most. Asked once for each run for which several wait. */
  mostToShare(kind: string): number {
    const experience = this.#of(kind);
    experience.decisions += 1;
    const { alone, shared, decisions } = experience;
    if (alone.length < ENOUGH) return shared.length >= ENOUGH && decisions % TRY_UNKNOWN_EVERY === 0 ? 1 : ALL;
    if (shared.length < ENOUGH) return FEW;
    const isWorthwhile = median(shared) <= MOST_SHARE * median(alone);
    if (decisions % TRY_EVERY === 0) return isWorthwhile ? 1 : FEW;
    return isWorthwhile ? ALL : 1;
  }

  #of(kind: string): Experience {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const fresh = { alone: [], shared: [], decisions: 0 };
    this.#kinds.set(kind, fresh);
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size > KINDS && oldest !== undefined) this.#kinds.delete(oldest);
    return fresh;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
