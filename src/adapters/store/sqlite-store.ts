import type {
  DesiredVersion,
  FootprintRecord,
  RolloutEntryRecord,
  RolloutRecord,
  RunnerRecord,
} from '../../serving/ports/store.ts';
import type { SyncStore, WorkerSettings } from './messages.ts';
import { RolloutTables } from './rollout-tables.ts';
import { type Row, SqliteFile } from './sqlite-file.ts';

/** The store, on the worker's thread. */
export class SqliteStore implements SyncStore, Disposable {
  readonly #file: SqliteFile;
  readonly #rollouts: RolloutTables;

  constructor(settings: WorkerSettings) {
    this.#file = new SqliteFile(settings);
    this.#rollouts = new RolloutTables(this.#file);
  }

  listDesired(): readonly DesiredVersion[] {
    return this.#file.all('SELECT * FROM desired ORDER BY model_id, version').map(toDesired);
  }

  putDesired(version: DesiredVersion): void {
    this.#file.transaction(() => {
      if (version.serving) this.#unserve(version.modelId);
      this.#upsert(version);
    });
  }

  #unserve(modelId: string): void {
    this.#file.run('UPDATE desired SET serving = 0 WHERE model_id = ? AND serving = 1', modelId);
  }

  #upsert(version: DesiredVersion): void {
    this.#file.run(
      `INSERT INTO desired (model_id, version, state, serving, pinned, options, source) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (model_id, version) DO UPDATE SET state = excluded.state, serving = excluded.serving,
         pinned = excluded.pinned, options = excluded.options, source = excluded.source`,
      version.modelId,
      version.version,
      version.state,
      version.serving ? 1 : 0,
      version.pinned ? 1 : 0,
      JSON.stringify(version.options),
      version.source ?? null,
    );
  }

  deleteDesired(modelId: string, version: string): void {
    this.#file.run('DELETE FROM desired WHERE model_id = ? AND version = ?', modelId, version);
  }

  listRunners(): readonly RunnerRecord[] {
    return this.#file.all('SELECT pid, start_ticks FROM runners ORDER BY pid').map((row) => ({
      pid: Number(row['pid']),
      startTicks: Number(row['start_ticks']),
    }));
  }

  addRunner(runner: RunnerRecord): void {
    this.#file.run('INSERT OR REPLACE INTO runners (pid, start_ticks) VALUES (?, ?)', runner.pid, runner.startTicks);
  }

  removeRunner(pid: number): void {
    this.#file.run('DELETE FROM runners WHERE pid = ?', pid);
  }

  listFootprints(): readonly FootprintRecord[] {
    return this.#file.all('SELECT * FROM footprints').map((row) => ({
      digest: String(row['digest']),
      options: String(row['options']),
      footprintBytes: Number(row['footprint_bytes']),
      privateBytes: Number(row['private_bytes']),
      peakBytes: Number(row['peak_bytes']),
      measuredAt: Number(row['measured_at']),
    }));
  }

  putFootprint(record: FootprintRecord): void {
    this.#file.run(
      `INSERT OR REPLACE INTO footprints (digest, options, footprint_bytes, private_bytes, peak_bytes, measured_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      record.digest,
      record.options,
      record.footprintBytes,
      record.privateBytes,
      record.peakBytes,
      record.measuredAt,
    );
  }

  listRollouts(): readonly RolloutRecord[] {
    return this.#rollouts.list();
  }

  listRolloutEntries(rolloutId: string): readonly RolloutEntryRecord[] {
    return this.#rollouts.entries(rolloutId);
  }

  createRollout(rollout: RolloutRecord, first: RolloutEntryRecord): void {
    this.#rollouts.create(rollout, first);
  }

  appendRolloutEntry(rolloutId: string, entry: RolloutEntryRecord, endedAt: number | undefined): void {
    this.#rollouts.append(rolloutId, entry, endedAt);
  }

  putRolloutProgress(rolloutId: string, progress: Readonly<Record<string, unknown>>): void {
    this.#rollouts.putProgress(rolloutId, progress);
  }

  putCleanEnd(): void {
    this.#file.run('INSERT OR IGNORE INTO clean_end (id) VALUES (1)');
  }

  takeCleanEnd(): boolean {
    return this.#file.run('DELETE FROM clean_end') > 0;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function toDesired(row: Row): DesiredVersion {
  return {
    modelId: String(row['model_id']),
    version: String(row['version']),
    state: row['state'] === 'stopped' ? 'stopped' : 'running',
    serving: row['serving'] === 1,
    pinned: row['pinned'] === 1,
    // Only putDesired writes this column, from an object.
    options: JSON.parse(String(row['options'])) as Record<string, unknown>,
    source: row['source'] === null ? undefined : String(row['source']),
  };
}
