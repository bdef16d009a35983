import type { DesiredVersion, FootprintRecord, RunnerRecord, Store } from '../../../src/serving/ports/store.ts';

/** State that survives as long as the object does. */
export class FakeStore implements Store {
  readonly desired = new Map<string, DesiredVersion>();
  readonly #runners = new Map<number, RunnerRecord>();
  readonly footprints = new Map<string, FootprintRecord>();
  /** What writes fail with. */
  failure: Error | undefined;

  async listDesired(): Promise<readonly DesiredVersion[]> {
    return [...this.desired.values()];
  }

  async putDesired(version: DesiredVersion): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    for (const [key, other] of this.desired) {
      if (version.serving && other.modelId === version.modelId) this.desired.set(key, { ...other, serving: false });
    }
    this.desired.set(`${version.modelId}@${version.version}`, version);
  }

  async deleteDesired(modelId: string, version: string): Promise<void> {
    this.desired.delete(`${modelId}@${version}`);
  }

  async listRunners(): Promise<readonly RunnerRecord[]> {
    return [...this.#runners.values()];
  }

  async addRunner(runner: RunnerRecord): Promise<void> {
    this.#runners.set(runner.pid, runner);
  }

  async removeRunner(pid: number): Promise<void> {
    this.#runners.delete(pid);
  }

  async listFootprints(): Promise<readonly FootprintRecord[]> {
    return [...this.footprints.values()];
  }

  async putFootprint(footprint: FootprintRecord): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.footprints.set(`${footprint.digest} ${footprint.options}`, footprint);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
