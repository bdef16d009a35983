import { BAD_KINDS, GOOD, IDENTICAL, type Kind } from '../../test/helpers/updates/kinds.ts';
import type { ProveOptions } from './options.ts';

/** The updates to run, in an order in which good and bad ones alternate as evenly as their numbers allow. */
export function plannedUpdates({ good, bad, identical }: Pick<ProveOptions, 'good' | 'bad' | 'identical'>): Kind[] {
  const groups = [
    Array.from({ length: identical }, () => IDENTICAL),
    Array.from({ length: good }, () => GOOD),
    Array.from({ length: bad }, (_, index) => BAD_KINDS[index % BAD_KINDS.length] ?? IDENTICAL),
  ];
  return groups
    .flatMap((group) => group.map((kind, index) => ({ kind, place: (index + 0.5) / group.length })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ kind }) => kind);
}

/** The updates that are still to be begun. */
export class Queue {
  readonly #kinds: Kind[];

  constructor(kinds: readonly Kind[]) {
    this.#kinds = [...kinds];
  }

  /** The next one for such a model. Those that only a heavy model can have come first there. */
  next(isHeavy: boolean): Kind | undefined {
    const wanted = this.#kinds.findIndex(({ needsHeavyModel }) => needsHeavyModel === isHeavy);
    const index = wanted === -1 && isHeavy && this.#kinds.length > 0 ? 0 : wanted;
    return index === -1 ? undefined : this.#kinds.splice(index, 1)[0];
  }
}
