/** One of those that a request can be sent to. */
interface Candidate {
  /** Undefined: it can not be sent anything now. */
  readonly runner: object | undefined;
  /** Requests that it has not finished with. */
  readonly outstanding: number;
}

/** Chooses who gets the next request: whoever has the fewest outstanding, in turn where several have as few. */
export class Dispatch<T extends Candidate> {
  readonly #candidates: readonly T[];
  /** Where the next search begins: after the one that was chosen last. */
  #next = 0;

  constructor(candidates: readonly T[]) {
    this.#candidates = candidates;
  }

  /** Undefined where none of them can be sent anything. */
  choose(): T | undefined {
    const count = this.#candidates.length;
    let chosen: T | undefined;
    let chosenAt = 0;
    for (let step = 0; step < count; step += 1) {
      const at = (this.#next + step) % count;
      const candidate = this.#candidates[at];
      if (candidate?.runner === undefined) continue;
      if (chosen !== undefined && chosen.outstanding <= candidate.outstanding) continue;
      chosen = candidate;
      chosenAt = at;
    }
    if (chosen !== undefined) this.#next = (chosenAt + 1) % count;
    return chosen;
  }
}
