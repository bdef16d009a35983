import type { Evidence } from '../../../core/rollout/evidence/evidence.ts';
import { evidenceRecord, resumedEvidence } from '../../../core/rollout/evidence/evidence-record.ts';
import type { LogEntry } from '../../../core/rollout/log-entry.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../ports/store.ts';
import type { EvidenceBook } from './evidence-book.ts';
import type { RolloutIdentity } from './identity.ts';
import { recordOfSettings } from './recorded-settings.ts';

const SAVE_EVERY_MS = 5000;

/** Where an update stands that another start of the server began. */
export interface Recorded {
  readonly entries: readonly LogEntry[];
  readonly progress: Readonly<Record<string, unknown>> | undefined;
}

/** What was saved of an update beside its log. */
export interface Progress {
  /** How many times the server has been started since the update began. */
  readonly starts: number;
  readonly evidence: Evidence | undefined;
}

interface RecorderParts {
  readonly identity: RolloutIdentity;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: Pick<EvidenceBook, 'evidence'>;
  readonly starts: number;
}

/** Writes an update down: its log entry by entry, and from time to time its evidence. */
export class RolloutRecorder implements Disposable {
  readonly #parts: RecorderParts;
  #timer: Disposable | undefined;
  #saved: Evidence | undefined;
  #isOver = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Resolves once the entry is durable. */
  async record(entry: LogEntry): Promise<void> {
    const { store, identity } = this.#parts;
    const { id, config, settings, ...rest } = identity;
    const record = { sequence: entry.sequence, entry: { ...entry } };
    if (entry.type === 'created') {
      const loads = { load: recordOfSettings(settings.new), before: recordOfSettings(settings.old) };
      const rollout = { id, ...rest, config: { config, ...loads }, endedAt: undefined, progress: undefined };
      await store.createRollout(rollout, record);
    } else {
      await store.appendRolloutEntry(id, record, isLast(entry) ? entry.at : undefined);
    }
  }

  /** From now on the evidence is saved, until this is disposed of. */
  begin(): void {
    if (this.#timer !== undefined || this.#isOver) return;
    this.#timer = this.#parts.clock.after(SAVE_EVERY_MS, () => {
      void this.save().finally(() => {
        this.#timer = undefined;
        this.begin();
      });
    });
  }

  /** Evidence that is not saved in time is lost, which leaves the test valid: it only takes longer. */
  async save(): Promise<void> {
    const { store, identity, book, starts, logger } = this.#parts;
    const { evidence } = book;
    if (evidence === this.#saved) return;
    try {
      await store.putRolloutProgress(identity.id, { evidence: evidenceRecord(evidence), starts });
      this.#saved = evidence;
    } catch (error) {
      logger.warn({ rollout: identity.id, err: error }, 'the evidence of an update could not be saved');
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
  }
}

/** @throws RangeError where the evidence is not what `save` wrote */
export function readProgress(progress: Readonly<Record<string, unknown>> | undefined): Progress {
  const starts = typeof progress?.['starts'] === 'number' ? progress['starts'] : 0;
  const recorded = progress?.['evidence'];
  return { starts, evidence: recorded === undefined ? undefined : resumedEvidence(recorded) };
}

export function isLast(entry: LogEntry): boolean {
  return entry.type === 'entered' && (entry.phase === 'completed' || entry.phase === 'rolled_back');
}
