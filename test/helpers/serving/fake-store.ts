import { AppError } from '../../../src/core/errors.ts';
import type {
  DesiredVersion,
  FootprintRecord,
  RolloutEntryRecord,
  RolloutRecord,
  RunnerRecord,
  Store,
} from '../../../src/serving/ports/store.ts';

/** State that survives as long as the object does. */
export class FakeStore implements Store {
  readonly desired = new Map<string, DesiredVersion>();
  readonly #runners = new Map<number, RunnerRecord>();
  readonly footprints = new Map<string, FootprintRecord>();
  /** The oldest first. */
  readonly rollouts = new Map<string, RolloutRecord>();
  readonly entries = new Map<string, RolloutEntryRecord[]>();
  endedCleanly = false;
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

  async listRollouts(): Promise<readonly RolloutRecord[]> {
    return [...this.rollouts.values()];
  }

  async listRolloutEntries(rolloutId: string): Promise<readonly RolloutEntryRecord[]> {
    return [...(this.entries.get(rolloutId) ?? [])];
  }

  async createRollout(rollout: RolloutRecord, first: RolloutEntryRecord): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.rollouts.has(rollout.id) || first.sequence !== 1) throw new AppError('conflict', 'Not a new rollout.');
    this.rollouts.set(rollout.id, asStored(rollout));
    this.entries.set(rollout.id, [asStored(first)]);
    const ended = [...this.rollouts.values()].filter(
      ({ modelId, endedAt }) => modelId === rollout.modelId && endedAt !== undefined,
    );
    for (const { id } of ended.slice(0, -50)) {
      this.rollouts.delete(id);
      this.entries.delete(id);
    }
  }

  async appendRolloutEntry(rolloutId: string, entry: RolloutEntryRecord, endedAt: number | undefined): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const [rollout, entries] = [this.rollouts.get(rolloutId), this.entries.get(rolloutId)];
    if (rollout === undefined || entries === undefined) throw new AppError('rollout_not_found', 'No such rollout.');
    if (entry.sequence !== entries.length + 1) throw new AppError('conflict', 'Not the next entry.');
    entries.push(asStored(entry));
    if (endedAt !== undefined) this.rollouts.set(rolloutId, { ...rollout, endedAt, progress: undefined });
  }

  async putRolloutProgress(rolloutId: string, progress: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const rollout = this.rollouts.get(rolloutId);
    if (rollout === undefined || rollout.endedAt !== undefined) return;
    this.rollouts.set(rolloutId, { ...rollout, progress: asStored(progress) });
  }

  async putCleanEnd(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.endedCleanly = true;
  }

  async takeCleanEnd(): Promise<boolean> {
    const was = this.endedCleanly;
    this.endedCleanly = false;
    return was;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** What a database would give back: nobody's object is kept. */
function asStored<T>(value: T): T {
  return structuredClone(value);
}
