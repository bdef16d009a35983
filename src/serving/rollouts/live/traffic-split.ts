import type { Effect } from '../../../core/rollout/effects.ts';
import type { Assignment, RandomSource } from '../../../core/traffic/assignment.ts';
import { beforeBlock } from '../../../core/traffic/block.ts';
import { assign } from '../../../core/traffic/split.ts';

type WeightOrder = Pick<Extract<Effect, { type: 'set_weight' }>, 'newPercent' | 'when' | 'sequence'>;

/** Draws the version of each request of a model that is being updated. In memory only, and never waits. */
export class TrafficSplit {
  readonly #rolloutId: string;
  readonly #random: RandomSource;
  #open = beforeBlock(0);
  #percent = 0;
  #sequence = 0;

  constructor(rolloutId: string, random: RandomSource) {
    this.#rolloutId = rolloutId;
    this.#random = random;
  }

  /** Percent of the requests that the new version gets. */
  get newPercent(): number {
    return this.#percent;
  }

  /** An order that a later one has overtaken does nothing. */
  set({ newPercent, when, sequence }: WeightOrder): void {
    if (sequence < this.#sequence) return;
    this.#sequence = sequence;
    this.#percent = newPercent;
    // A block that is not filled is left as it is: what was drawn from it keeps its probabilities.
    if (when === 'now') this.#open = beforeBlock(this.#open.block + 1);
  }

  draw(key: string | undefined): Assignment {
    const policy = { rolloutId: this.#rolloutId, weight: this.#percent / 100 };
    const { open, assignment } = assign(this.#open, { key }, policy, this.#random);
    this.#open = open;
    return assignment;
  }
}
