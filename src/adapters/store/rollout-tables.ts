import { AppError } from '../../core/errors.ts';
import type { RolloutEntryRecord, RolloutRecord } from '../../serving/ports/store.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** Of a model's updates that have ended, so many are kept. */
const ENDED_KEPT = 50;

/** Updates and their logs. */
export class RolloutTables {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** In the order in which they were created: a clock may have been set back between two. */
  list(): readonly RolloutRecord[] {
    return this.#file.all('SELECT * FROM rollouts ORDER BY number').map(toRollout);
  }

  entries(rolloutId: string): readonly RolloutEntryRecord[] {
    return this.#file
      .all('SELECT sequence, entry FROM rollout_entries WHERE rollout_id = ? ORDER BY sequence', rolloutId)
      .map((row) => ({ sequence: Number(row['sequence']), entry: toObject(row['entry']) }));
  }

  create(rollout: RolloutRecord, first: RolloutEntryRecord): void {
    this.#file.transaction(() => {
      this.#insert(rollout);
      this.#insertNext(rollout.id, first);
      this.#prune(rollout.modelId);
    });
  }

  append(rolloutId: string, entry: RolloutEntryRecord, endedAt: number | undefined): void {
    this.#file.transaction(() => {
      this.#insertNext(rolloutId, entry);
      if (endedAt === undefined) return;
      this.#file.run('UPDATE rollouts SET ended_at = ?, progress = NULL WHERE id = ?', endedAt, rolloutId);
    });
  }

  putProgress(rolloutId: string, progress: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(progress);
    this.#file.run('UPDATE rollouts SET progress = ? WHERE id = ? AND ended_at IS NULL', text, rolloutId);
  }

  #insert(rollout: RolloutRecord): void {
    this.#file.run(
      `INSERT INTO rollouts (id, model_id, old_version, new_version, config, created_at, ended_at, progress)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      rollout.id,
      rollout.modelId,
      rollout.oldVersion,
      rollout.newVersion,
      JSON.stringify(rollout.config),
      rollout.createdAt,
      rollout.endedAt ?? null,
      rollout.progress === undefined ? null : JSON.stringify(rollout.progress),
    );
  }

  #insertNext(rolloutId: string, { sequence, entry }: RolloutEntryRecord): void {
    const next = this.#nextSequence(rolloutId);
    const text = JSON.stringify(entry);
    // Written by an earlier try whose answer was lost.
    if (sequence === next - 1 && text === this.#entryText(rolloutId, sequence)) return;
    if (sequence !== next) {
      throw new AppError('conflict', `Entry ${sequence} of rollout "${rolloutId}" is not the next one: ${next} is.`);
    }
    this.#file.run(
      'INSERT INTO rollout_entries (rollout_id, sequence, entry) VALUES (?, ?, ?)',
      rolloutId,
      sequence,
      text,
    );
  }

  #entryText(rolloutId: string, sequence: number): string | undefined {
    const [row] = this.#file.all(
      'SELECT entry FROM rollout_entries WHERE rollout_id = ? AND sequence = ?',
      rolloutId,
      sequence,
    );
    return row === undefined ? undefined : String(row['entry']);
  }

  #nextSequence(rolloutId: string): number {
    const [row] = this.#file.all(
      `SELECT (SELECT coalesce(max(sequence), 0) + 1 FROM rollout_entries WHERE rollout_id = rollouts.id) AS next
       FROM rollouts WHERE id = ?`,
      rolloutId,
    );
    if (row === undefined) throw new AppError('rollout_not_found', `There is no rollout "${rolloutId}".`);
    return Number(row['next']);
  }

  /** The entries of a rollout go with it. */
  #prune(modelId: string): void {
    this.#file.run(
      `DELETE FROM rollouts WHERE number IN (
         SELECT number FROM rollouts WHERE model_id = ? AND ended_at IS NOT NULL
         ORDER BY number DESC LIMIT -1 OFFSET ${ENDED_KEPT})`,
      modelId,
    );
  }
}

function toRollout(row: Row): RolloutRecord {
  return {
    id: String(row['id']),
    modelId: String(row['model_id']),
    oldVersion: String(row['old_version']),
    newVersion: String(row['new_version']),
    config: toObject(row['config']),
    createdAt: Number(row['created_at']),
    endedAt: row['ended_at'] === null ? undefined : Number(row['ended_at']),
    progress: row['progress'] === null ? undefined : toObject(row['progress']),
  };
}

/** Only the methods above write these columns, from objects. */
function toObject(text: unknown): Record<string, unknown> {
  return JSON.parse(String(text)) as Record<string, unknown>;
}
