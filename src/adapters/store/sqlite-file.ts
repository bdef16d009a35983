import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '../../core/errors.ts';
import type { WorkerSettings } from './messages.ts';
import { migrate } from './migrations.ts';
import { corruptState, explainSqliteError, isInputOutputError } from './sqlite-error.ts';

export type Row = Readonly<Record<string, unknown>>;
type Value = string | number | null;

/** The state file in the current schema. One connection holds it exclusively for as long as it is open. */
export class SqliteFile implements Disposable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #dataDir: string;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws AppError as `openStore` does */
  constructor({ dataDir, lockWaitMs }: WorkerSettings) {
    this.#dataDir = dataDir;
    this.#file = join(dataDir, 'state.db');
    makeDataDir(dataDir);
    this.#db = this.#explained(() => openDatabase(this.#file, lockWaitMs));
  }

  all(sql: string, ...values: Value[]): readonly Row[] {
    return this.#explained(() => this.#statement(sql).all(...values));
  }

  /** Answers how many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#explained(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** All of the action, or nothing of it where it throws. */
  transaction(action: () => void): void {
    this.run('BEGIN IMMEDIATE');
    try {
      action();
      this.run('COMMIT');
    } catch (error) {
      // Some failures have rolled it back already.
      if (this.#db.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  /** Closing the last connection moves the log into the file and removes it. */
  [Symbol.dispose](): void {
    if (this.#db.isOpen) this.#explained(() => this.#db.close());
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
