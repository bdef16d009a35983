import { createHash } from 'node:crypto';
import { DEFAULT_OPTIONS } from '../../../src/core/model/options.ts';
import { optionsKey } from '../../../src/serving/memory/requirements.ts';
import { Serving } from './serving.ts';

export const GB = 1e9;

/** Models m0, m1 … of 1 GB each under a budget of so many GB. What each uses is known from an earlier run. */
export class Budgeted extends Serving {
  static async start(
    budgetGb: number,
    models = 6,
    overrides: ConstructorParameters<typeof Serving>[0] = {},
  ): Promise<Budgeted> {
    const serving = new Budgeted({ memory: { budgetBytes: budgetGb * GB, waitMs: 10_000 }, ...overrides });
    for (let index = 0; index < models; index += 1) serving.weigh(`m${index}`, GB);
    await serving.manager.start();
    return serving;
  }

  /** Adds a model that uses so many bytes. */
  weigh(modelId: string, bytes: number, version = '1', isKnown = true): void {
    const { modelPath } = this.catalog.add(modelId, version);
    this.engine.weightBytes.set(modelPath, bytes - this.engine.runnerBaseBytes);
    if (!isKnown) return;
    const digest = createHash('sha256').update(modelPath).digest('hex');
    const options = optionsKey(DEFAULT_OPTIONS);
    const record = { digest, options, footprintBytes: bytes, privateBytes: bytes, peakBytes: bytes, measuredAt: 1 };
    this.store.footprints.set(`${digest} ${options}`, record);
  }

  /** The models in memory that can answer, by name. */
  get resident(): readonly string[] {
    const ready = this.manager.residentVersions().filter((view) => view.state === 'ready');
    return ready.map((view) => view.modelId).toSorted();
  }

  get budget() {
    return this.manager.memory().budget;
  }
}
