import { hasDrifted } from '../../core/memory/ledger.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { Loaded, Resident } from '../lifecycle/resident.ts';
import type { Counters } from '../overview/counters.ts';
import type { Supervisor } from '../running/supervisor.ts';
import type { MemoryAccount } from './account.ts';
import type { Admission } from './admission.ts';
import type { Requirements } from './requirements.ts';
import { sumFootprints, type VersionFootprint } from './version-footprint.ts';

const INTERVAL_MS = 5_000;
/** So many are measured at one go. The kernel takes some 1.4 ms of a processor to sum up what a runner uses. */
const AT_ONE_GO = 25;
/** Between two of more than that: hundreds would take a processor for a second. */
const PAUSE_MS = 40;
/** Of each runner, what V8 has parsed and not yet collected: one of 41 MB was seen to swing up to 112 under JSON of 700 kB. */
const GROWTH_ALLOWED_BYTES = 64_000_000;

interface FootprintParts {
  readonly dependencies: ServingDependencies;
  readonly account: MemoryAccount;
  readonly admission: Admission;
  readonly requirements: Requirements;
  readonly counters: Counters;
}

export type Measurable = Pick<Loaded, 'supervisor' | 'prepared' | 'options'>;

/** Measures what the resident versions really cost, after a load and every few seconds, and acts on what it finds. */
export class Footprints implements Disposable {
  readonly #parts: FootprintParts;
  #timer: Disposable | undefined;
  #isEnded = false;

  constructor(parts: FootprintParts) {
    this.#parts = parts;
  }

  begin(): void {
    if (this.#isEnded) return;
    this.#timer = this.#parts.dependencies.clock.after(INTERVAL_MS, () => void this.#round());
  }

  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
  }

  /**
   * A version that has just been loaded: what it uses takes the place of what was reserved for it. An estimate that was
   * too low by a third is told; there is nothing to be given back.
   */
  async settle(resident: Resident, measurable: Measurable): Promise<void> {
    await this.measure(resident, measurable);
    const { account } = this.#parts;
    const entry = account.entry(resident);
    if (resident.requirement?.basis === 'estimated' && entry !== undefined && hasDrifted(entry)) {
      this.#tell(resident, entry.reservedBytes, entry.footprintBytes);
    }
    account.raiseReservation(resident);
    resident.steadyBytes = resident.footprint?.privateBytes;
  }

  /** One version, now. */
  async measure(resident: Resident, { supervisor, prepared, options }: Measurable): Promise<void> {
    const { account, requirements, dependencies } = this.#parts;
    const measured = await footprintOf(supervisor);
    if (measured === undefined) return;
    resident.footprint = measured;
    account.settle(resident, measured.pssBytes);
    void requirements.remember(prepared, options, measured, dependencies.clock.epochMs());
  }

  /** Those that share weights: when one of them has gone, the others bear more. */
  async measureSharers(): Promise<void> {
    for (const resident of this.#parts.account.leastRecentFirst()) {
      const sharesWeights = resident.footprint?.sharedBytes !== undefined;
      if (resident.loaded !== undefined && sharesWeights) await this.#check(resident, resident.loaded);
    }
  }

  async #round(): Promise<void> {
    const residents = this.#parts.account.leastRecentFirst();
    for (const resident of residents) {
      if (this.#isEnded) return;
      if (resident.loaded !== undefined) await this.#check(resident, resident.loaded);
      if (residents.length > AT_ONE_GO) await this.#pause();
    }
    await this.#parts.admission.relieve();
    this.begin();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#parts.dependencies.clock.after(PAUSE_MS, resolve);
    });
  }

  async #check(resident: Resident, loaded: Loaded): Promise<void> {
    const { logger } = this.#parts.dependencies;
    try {
      await this.measure(resident, loaded);
      this.#lookForDrift(resident, loaded);
    } catch (error) {
      logger.debug({ model: resident.label, err: error }, 'could not measure a runner');
    }
  }

  /**
   * When a version that has grown by a third is idle, its runners are replaced by fresh ones: what they had gathered is
   * given back. What it had grown to is what it is expected to need from then on, so that one that needs so much is not
   * replaced again for it. Shares of common code are left out: they change with the number of runners.
   */
  #lookForDrift(resident: Resident, loaded: Loaded): void {
    const { supervisor } = loaded;
    const { footprint, steadyBytes = 0 } = resident;
    if (footprint === undefined) return;
    const grownBytes = footprint.privateBytes;
    const isGrown =
      grownBytes > steadyBytes + GROWTH_ALLOWED_BYTES * supervisor.instances &&
      hasDrifted({ reservedBytes: steadyBytes, footprintBytes: grownBytes });
    if (isGrown && !resident.hasDrifted) this.#tell(resident, steadyBytes, grownBytes);
    resident.hasDrifted = isGrown;
    const mayRecycle = !resident.isInUse && !resident.inUpdate && resident.state === 'ready';
    if (!isGrown || !mayRecycle || !supervisor.recycle()) return;
    this.#parts.counters.recycles += 1;
    // What it had gathered is not what a fresh one needs.
    this.#parts.requirements.forget(loaded.prepared, loaded.options);
    this.#parts.account.raiseReservation(resident);
    resident.steadyBytes = grownBytes;
    resident.hasDrifted = false;
  }

  #tell(resident: Resident, expectedBytes: number, bytes: number | undefined): void {
    const { counters, dependencies } = this.#parts;
    counters.drifts += 1;
    dependencies.logger.warn(
      { model: resident.label, expectedBytes, bytes },
      'a runner uses more memory than expected',
    );
  }
}

/** Undefined where a runner is missing: the next round measures the one that takes its place. */
async function footprintOf(supervisor: Supervisor): Promise<VersionFootprint | undefined> {
  const { runners, instances } = supervisor;
  const measured = (await Promise.all(runners.map((runner) => runner.footprint()))).filter(
    (each) => each !== undefined,
  );
  const areSame = supervisor.runners.every((runner, index) => runner === runners[index]);
  return measured.length === instances && areSame ? sumFootprints(measured) : undefined;
}
