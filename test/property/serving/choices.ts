import { expect } from 'vitest';
import type { FakeStore } from '../../helpers/serving/fake-store.ts';
import type { Serving } from '../../helpers/serving/serving.ts';

interface Wish {
  readonly version: string;
  /** Loads that nobody waits for, and those of the command line, come true at any time. */
  isOpen: boolean;
}

/** Who serves each model, as recorded, and whether somebody who may do so has changed it. */
export class Choices {
  readonly #store: FakeStore;
  readonly #chosen = new Map<string, string | undefined>();
  /** Loads since the last choice was undone: each of them may be a model's first. */
  readonly #wishes = new Map<string, Wish[]>();
  readonly #undone = new Set<string>();

  constructor(store: FakeStore) {
    this.#store = store;
  }

  load(model: string, version: string, done: Promise<unknown> | undefined): void {
    const wish: Wish = { version, isOpen: true };
    this.#wishes.set(model, [...(this.#wishes.get(model) ?? []), wish]);
    const close = () => {
      wish.isOpen = false;
    };
    done?.then(close, close);
  }

  /** A request decides only where nobody has: nothing of the model is here, or is recorded. */
  infer(model: string, version: string | undefined, serving: Serving): void {
    const isResident = serving.manager.residentVersions().some((view) => view.modelId === model);
    if (!isResident && this.#rows(model).length === 0) this.load(model, version ?? '2', undefined);
  }

  unload(model: string, version: string | undefined): void {
    const chosen = this.#chosen.get(model);
    if (chosen === undefined || (version !== undefined && version !== chosen)) return;
    this.#undone.add(model);
    this.#wishes.set(model, this.#wishes.get(model)?.filter((wish) => wish.isOpen) ?? []);
  }

  check(serving: Serving): void {
    for (const model of ['a', 'b']) {
      const before = this.#chosen.get(model);
      const rows = this.#rows(model).filter((row) => row.serving);
      expect(rows.length).toBeLessThanOrEqual(1);
      const now = rows[0]?.version;
      if (now !== before) this.#checkChange(model, before, now);
      this.#chosen.set(model, now);
      const views = serving.manager.residentVersions().filter((view) => view.modelId === model && view.serving);
      expect(views.length).toBeLessThanOrEqual(1);
      for (const view of views) expect(view.version).toBe(now);
    }
    this.#undone.clear();
  }

  #checkChange(model: string, before: string | undefined, now: string | undefined): void {
    const what = `${model}: ${before} served, now ${now} does`;
    if (before !== undefined) expect(this.#undone.has(model), what).toBe(true);
    if (now === undefined) return;
    const wished = this.#wishes.get(model)?.map((wish) => wish.version) ?? [];
    expect(wished, what).toContain(now);
  }

  #rows(model: string) {
    return [...this.#store.desired.values()].filter((row) => row.modelId === model);
  }
}
