import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../core/errors.ts';

/**
 * The schema's history: step n brings a file from `user_version` n to n + 1.
 * Released steps never change; a new need is a new step at the end.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE desired (
     model_id TEXT NOT NULL,
     version TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('running', 'stopped')),
     serving INTEGER NOT NULL CHECK (serving IN (0, 1)),
     pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
     options TEXT NOT NULL,
     source TEXT,
     PRIMARY KEY (model_id, version)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE runners (
     pid INTEGER PRIMARY KEY,
     start_ticks INTEGER NOT NULL
   ) STRICT;`,
  // Of a model one version serves at most. Where a file says otherwise, which of them is anybody's guess.
  `UPDATE desired SET serving = 0 WHERE serving = 1 AND version > (
     SELECT min(version) FROM desired AS other WHERE other.model_id = desired.model_id AND other.serving = 1);
   CREATE UNIQUE INDEX one_serves ON desired (model_id) WHERE serving = 1;`,
  `CREATE TABLE footprints (
     digest TEXT NOT NULL,
     options TEXT NOT NULL,
     footprint_bytes INTEGER NOT NULL,
     private_bytes INTEGER NOT NULL,
     peak_bytes INTEGER NOT NULL,
     measured_at INTEGER NOT NULL,
     PRIMARY KEY (digest, options)
   ) STRICT, WITHOUT ROWID;`,
  // A row in clean_end: the server that last had this file ended in order.
  `CREATE TABLE rollouts (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     model_id TEXT NOT NULL,
     old_version TEXT NOT NULL,
     new_version TEXT NOT NULL,
     config TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     ended_at INTEGER,
     progress TEXT
   ) STRICT;
   CREATE INDEX rollouts_of_model ON rollouts (model_id);
   CREATE TABLE rollout_entries (
     rollout_id TEXT NOT NULL REFERENCES rollouts (id) ON DELETE CASCADE,
     sequence INTEGER NOT NULL CHECK (sequence >= 1),
     entry TEXT NOT NULL,
     PRIMARY KEY (rollout_id, sequence)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE clean_end (
     id INTEGER PRIMARY KEY CHECK (id = 1)
   ) STRICT;`,
];

/** @throws AppError `conflict` when a newer EchoServe wrote the file */
export function migrate(db: DatabaseSync, file: string, steps: readonly string[] = MIGRATIONS): void {
  const from = schemaVersion(db);
  if (from > steps.length) {
    throw new AppError(
      'conflict',
      `The state file ${file} was written by a newer EchoServe (schema ${from}, this one knows ${steps.length}).`,
      { next: 'Start that newer version, or give this one a directory of its own with --data-dir.' },
    );
  }
  steps.slice(from).forEach((step, index) => {
    // The step and its number are one transaction: a kill in between leaves the earlier schema whole.
    db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${from + index + 1}; COMMIT`);
  });
}

function schemaVersion(db: DatabaseSync): number {
  const row = db.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}
