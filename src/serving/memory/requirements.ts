import { type Allocation, estimateFromInspection } from '../../core/memory/estimate.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import { stateBytes } from '../../core/model/state.ts';
import type { PreparedModel } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { FootprintRecord, Store } from '../ports/store.ts';
import type { VersionFootprint } from './version-footprint.ts';

interface RequirementParts {
  readonly store: Store;
  readonly logger: Logger;
  /** What a runner uses before it has loaded anything. */
  readonly runnerBaseBytes: number;
  readonly budgetBytes: number;
}

/** What a load is to reserve, and from where that is known. */
export interface Requirement {
  readonly bytes: number;
  /** `measured`: this file was loaded with these options before. */
  readonly basis: 'measured' | 'estimated';
  readonly allocation: Allocation;
}

/** Smaller changes are not written: a footprint is never the same twice. */
const WORTH_WRITING = 0.05;

/** How much memory a version needs: as it was measured, or where it never was, as it is estimated. */
export class Requirements {
  readonly #parts: RequirementParts;
  readonly #known = new Map<string, FootprintRecord>();
  /** The footprint that the store has, by key. */
  readonly #written = new Map<string, number>();

  constructor(parts: RequirementParts) {
    this.#parts = parts;
  }

  /** Reads what earlier runs of the server have measured. */
  async read(): Promise<void> {
    for (const record of await this.#parts.store.listFootprints()) {
      this.#known.set(keyOf(record), record);
      this.#written.set(keyOf(record), record.footprintBytes);
    }
  }

  of(prepared: PreparedModel, options: ModelOptions): Requirement {
    const allocation = estimateFromInspection(
      { ...prepared.inspection },
      {
        ...runnersOf(options),
        maxBatchSize: options.maxBatchSize,
        runnerBaseBytes: this.#parts.runnerBaseBytes,
        stateBytes: stateBytes(prepared.state ?? []) * options.maxSequences,
      },
    );
    const known = this.#known.get(keyOf({ digest: prepared.digest, options: optionsKey(options) }));
    // One that had grown above the whole budget is not shut out for ever: a fresh one has not.
    return known === undefined || known.footprintBytes > this.#parts.budgetBytes
      ? { bytes: allocation.totalBytes, basis: 'estimated', allocation }
      : { bytes: known.footprintBytes, basis: 'measured', allocation };
  }

  /** What was measured does not count any more: the next measurement will. */
  forget(prepared: PreparedModel, options: ModelOptions): void {
    this.#known.delete(keyOf({ digest: prepared.digest, options: optionsKey(options) }));
  }

  /**
   * From now on the estimate is not used for this file and these options. Of what is the process's own the most counts:
   * what was used once while it served will be used again. Its share of code that all runners map is as large as it was
   * last, since it shrinks with their number. Shared weights count whole: it may come to be the only version that has
   * them.
   */
  async remember(
    prepared: PreparedModel,
    options: ModelOptions,
    measured: VersionFootprint,
    measuredAt: number,
  ): Promise<void> {
    const id = { digest: prepared.digest, options: optionsKey(options) };
    const known = this.#known.get(keyOf(id));
    const privateBytes = Math.max(measured.privateBytes, known?.privateBytes ?? 0);
    const record: FootprintRecord = {
      ...id,
      footprintBytes: privateBytes + measured.aloneBytes - measured.privateBytes,
      privateBytes,
      peakBytes: Math.max(measured.peakBytes, known?.peakBytes ?? 0),
      measuredAt,
    };
    this.#known.set(keyOf(id), record);
    const written = this.#written.get(keyOf(id)) ?? 0;
    if (Math.abs(record.footprintBytes - written) <= written * WORTH_WRITING) return;
    this.#written.set(keyOf(id), record.footprintBytes);
    try {
      await this.#parts.store.putFootprint(record);
    } catch (error) {
      this.#parts.logger.warn({ digest: prepared.digest, err: error }, 'a measured footprint could not be recorded');
    }
  }
}

function keyOf({ digest, options }: Pick<FootprintRecord, 'digest' | 'options'>): string {
  return `${digest} ${options}`;
}

/** How many processes a version has, and what of it they have once, for an estimate. */
export function runnersOf({ instances, shareWeights }: Pick<ModelOptions, 'instances' | 'shareWeights'>) {
  return { runners: instances, sharesWeights: shareWeights };
}

/** The options that memory depends on. */
export function optionsKey({ maxBatchSize, instances, intraOpThreads, shareWeights }: ModelOptions): string {
  // As it was written before a version could have several.
  const several = instances === 1 ? {} : { instances };
  return JSON.stringify({ maxBatchSize, intraOpThreads, shareWeights, ...several });
}
