import type { ServingDependencies } from '../dependencies.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';

const INTERVAL_MS = 5_000;

/** Measures what the resident versions really cost, every few seconds. */
export class Footprints implements Disposable {
  readonly #dependencies: ServingDependencies;
  readonly #residency: Residency;
  #timer: Disposable | undefined;
  #isEnded = false;

  constructor(dependencies: ServingDependencies, residency: Residency) {
    this.#dependencies = dependencies;
    this.#residency = residency;
  }

  begin(): void {
    if (this.#isEnded) return;
    this.#timer = this.#dependencies.clock.after(INTERVAL_MS, () => void this.#round());
  }

  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
  }

  async #round(): Promise<void> {
    for (const resident of this.#residency.all()) await this.#measure(resident);
    this.begin();
  }

  async #measure(resident: Resident): Promise<void> {
    try {
      const measured = await resident.loaded?.supervisor.runner?.footprint();
      if (measured !== undefined) resident.footprint = measured;
      else if (resident.state === 'failed') resident.footprint = undefined;
    } catch (error) {
      this.#dependencies.logger.debug({ model: resident.label, err: error }, 'could not measure a runner');
    }
  }
}
