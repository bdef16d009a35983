/** What became of requests, as their clients saw it. */
export class LoadTally {
  sent = 0;
  /** Still to be answered. */
  pending = 0;
  right = 0;
  /** Answers of the old version to what the new one had failed. */
  fallbacks = 0;
  /** An answer that is no error and that is not the one to this request: of another one, or none of the version's. */
  readonly wrong: string[] = [];
  /** Answers that are errors. */
  readonly errors: string[] = [];
  /** Requests whose connection ended before an answer came. */
  readonly lost: string[] = [];
  readonly #rightByVersion = new Map<string, number>();

  countRight(version: string): void {
    this.right += 1;
    this.#rightByVersion.set(version, this.rightOf(version) + 1);
  }

  rightOf(version: string): number {
    return this.#rightByVersion.get(version) ?? 0;
  }

  /** Everything that a client is not to see. */
  get faults(): readonly string[] {
    return [...this.wrong, ...this.errors, ...this.lost];
  }
}
