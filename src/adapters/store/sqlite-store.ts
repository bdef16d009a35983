import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '../../core/errors.ts';
import type { DesiredVersion, FootprintRecord, RunnerRecord } from '../../serving/ports/store.ts';
import type { SyncStore, WorkerSettings } from './messages.ts';
import { migrate } from './migrations.ts';
import { corruptState, explainSqliteError, isInputOutputError } from './sqlite-error.ts';

/** The state file, on the worker's thread. One connection holds it exclusively for as long as it is open. */
export class SqliteStore implements SyncStore, Disposable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #dataDir: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(settings: WorkerSettings) {
    this.#dataDir = settings.dataDir;
    this.#file = join(settings.dataDir, 'state.db');
    makeDataDir(settings.dataDir);
    this.#db = this.#explained(() => openDatabase(this.#file, settings.lockWaitMs));
  }

  listDesired(): readonly DesiredVersion[] {
    return this.#all('SELECT * FROM desired ORDER BY model_id, version').map(toDesired);
  }

  putDesired(version: DesiredVersion): void {
    this.#transaction(() => {
      if (version.serving) this.#unserve(version.modelId);
      this.#upsert(version);
    });
  }

  #unserve(modelId: string): void {
    this.#run('UPDATE desired SET serving = 0 WHERE model_id = ? AND serving = 1', modelId);
  }

  #upsert(version: DesiredVersion): void {
    this.#run(
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
    this.#run('DELETE FROM desired WHERE model_id = ? AND version = ?', modelId, version);
  }

  listRunners(): readonly RunnerRecord[] {
    return this.#all('SELECT pid, start_ticks FROM runners ORDER BY pid').map((row) => ({
      pid: Number(row['pid']),
      startTicks: Number(row['start_ticks']),
    }));
  }

  addRunner(runner: RunnerRecord): void {
    this.#run('INSERT OR REPLACE INTO runners (pid, start_ticks) VALUES (?, ?)', runner.pid, runner.startTicks);
  }

  removeRunner(pid: number): void {
    this.#run('DELETE FROM runners WHERE pid = ?', pid);
  }

  listFootprints(): readonly FootprintRecord[] {
    return this.#all('SELECT * FROM footprints').map((row) => ({
      digest: String(row['digest']),
      options: String(row['options']),
      footprintBytes: Number(row['footprint_bytes']),
      privateBytes: Number(row['private_bytes']),
      peakBytes: Number(row['peak_bytes']),
      measuredAt: Number(row['measured_at']),
    }));
  }

  putFootprint(record: FootprintRecord): void {
    this.#run(
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

  /** Closing the last connection moves the log into the file and removes it. */
  [Symbol.dispose](): void {
    if (this.#db.isOpen) this.#explained(() => this.#db.close());
  }

  #all(sql: string): Record<string, unknown>[] {
    return this.#explained(() => this.#statement(sql).all());
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#explained(() => this.#statement(sql).run(...values));
  }

  #transaction(action: () => void): void {
    this.#run('BEGIN IMMEDIATE');
    try {
      action();
      this.#run('COMMIT');
    } catch (error) {
      // Some failures have rolled it back already.
      if (this.#db.isTransaction) this.#run('ROLLBACK');
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #explained<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw explainSqliteError(error, this.#file, this.#dataDir);
    }
  }
}

function makeDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('internal', `Can not create the data directory ${dataDir}: ${reason}.`, {
      cause: error,
      next: 'Give a directory that the server may write to with --data-dir.',
    });
  }
}

function openDatabase(file: string, lockWaitMs: number): DatabaseSync {
  if (existsSync(file) && statSync(file).size > 0) refuseDamage(file, lockWaitMs);
  const db = new DatabaseSync(file, { timeout: lockWaitMs });
  try {
    // Exclusive before the first access: the lock is then never given back, and the log needs no shared memory.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    migrate(db, file);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Reads the whole file without the right to write: opening and closing a damaged one for writing would change it. */
function refuseDamage(file: string, lockWaitMs: number): void {
  using db = new DatabaseSync(file, { readOnly: true, timeout: lockWaitMs });
  let finding: unknown;
  try {
    finding = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  } catch (error) {
    // A reader needs an index file beside the log. On a full disk there is no room for it: start unchecked then.
    if (isInputOutputError(error)) return;
    throw error;
  }
  if (finding !== 'ok') throw corruptState(file, String(finding));
}

function toDesired(row: Record<string, unknown>): DesiredVersion {
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
