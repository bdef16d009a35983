import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Requirement } from '../memory/requirements.ts';
import type { VersionFootprint } from '../memory/version-footprint.ts';
import type { HealthView, LoadProgress, VersionState } from '../overview/views.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { PreparedModel } from '../ports/engine.ts';
import type { VersionStatistics } from '../running/statistics.ts';
import type { Supervisor } from '../running/supervisor.ts';
import type { LoadOptions } from '../service.ts';
import { nextState, type VersionEvent } from './version-states.ts';

/** What was asked for when the version was loaded; it is kept for the next start of the server. */
export interface LoadSettings {
  readonly source: string | undefined;
  /** What the request said the file's digest must be. */
  readonly sha256: string | undefined;
  readonly options: LoadOptions;
}

/** What a finished load gave. */
export interface Loaded {
  readonly files: CatalogVersion;
  readonly prepared: PreparedModel;
  readonly options: ModelOptions;
  readonly supervisor: Supervisor;
  readonly loadedAt: number;
  readonly loadTimeMs: number;
}

/** A hold on a resident version: while there is one, the version is not stopped. Disposing twice does nothing. */
export interface Lease extends Disposable {
  readonly loaded: Loaded;
}

export const UNKNOWN_HEALTH: HealthView = { status: 'unknown', lastCheckAt: undefined, checks: [] };

/** One instance of a version: from the start of its load to the end of its runner. */
export class Resident {
  /** Its own: while a version is loaded anew, the old and the new instance are two. */
  readonly key: string;
  readonly modelId: ModelId;
  readonly version: VersionName;
  readonly settings: LoadSettings;
  readonly statistics: VersionStatistics;
  /** Whether it is to take the model's unpinned traffic once it is ready and nobody else does. */
  readonly mayServe: boolean;
  /** Resolves when the instance is gone. */
  readonly retired: Promise<void>;
  pinned: boolean;
  /** Whether idle versions may be evicted for its load: somebody asks for it. */
  mayEvict = false;
  progress: LoadProgress | undefined;
  reason: string | undefined;
  health: HealthView = UNKNOWN_HEALTH;
  /** Of all its runners. */
  footprint: VersionFootprint | undefined;
  /** What it was expected to need before it was loaded. */
  requirement: Requirement | undefined;
  /** Of its memory what is its own, when it had just been loaded: growth is measured against it. */
  steadyBytes: number | undefined;
  /** What is held for it: as expected, or as it was measured where that was more. Undefined: nothing. */
  reservedBytes: number | undefined;
  /** It uses more than was reserved for it, by a third. */
  hasDrifted = false;
  /** Monotonic milliseconds. */
  lastUsedMs = Number.NEGATIVE_INFINITY;
  /** Told when nothing uses it any more. */
  onIdle: (() => void) | undefined;
  /** It takes part in an update of its model: it is neither evicted nor replaced by a fresh runner. */
  inUpdate = false;
  /**
   * Told when it loses a runner unasked: `crashed` while others of its own are there, `lost` when none is. And when it
   * has a fresh one after that, and when there will be none any more.
   */
  onAvailability:
    | ((change: 'crashed' | 'lost' | 'ready' | 'failed', reason: string, crash?: object) => void)
    | undefined;
  /** The instance that is being loaded to take this one's place. */
  successor: Resident | undefined;

  #state: VersionState = 'absent';
  #loaded: Loaded | undefined;
  #leases = 0;
  #claims = 0;
  readonly #whenIdle: (() => void)[] = [];
  /** Told when the leases from before have come back. */
  readonly #drains: Drain[] = [];
  #leasesGiven = 0;
  readonly #resolveRetired: () => void;

  constructor(
    modelId: ModelId,
    version: VersionName,
    settings: LoadSettings,
    role: { readonly key: string; readonly pinned: boolean; readonly mayServe: boolean },
    statistics: VersionStatistics,
  ) {
    this.modelId = modelId;
    this.version = version;
    this.settings = settings;
    this.key = role.key;
    this.pinned = role.pinned;
    this.mayServe = role.mayServe;
    this.statistics = statistics;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.retired = promise;
    this.#resolveRetired = resolve;
  }

  get state(): VersionState {
    return this.#state;
  }

  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  get leases(): number {
    return this.#leases;
  }

  /** A request is at it, or waits for its load. */
  get isInUse(): boolean {
    return this.#leases + this.#claims > 0;
  }

  /** How messages call it. */
  get label(): string {
    return `${this.modelId}@${this.version}`;
  }

  /** @throws AppError `internal` where the event has no meaning in this state: a bug, never a caller's doing. */
  fire(event: VersionEvent): void {
    const next = nextState(this.#state, event);
    if (next === undefined)
      throw new AppError('internal', `${this.label}: "${event}" has no meaning when ${this.#state}.`);
    this.#state = next;
    if (next === 'absent') this.#resolveRetired();
  }

  becomeReady(loaded: Loaded): void {
    this.fire('loaded');
    this.#loaded = loaded;
    this.progress = undefined;
  }

  fail(event: 'load_failed' | 'crash_looped', reason: string): void {
    this.fire(event);
    this.reason = reason;
    this.progress = undefined;
  }

  /** @throws AppError `not_ready` unless the version is ready. */
  lease(): Lease {
    const loaded = this.#loaded;
    if (this.#state !== 'ready' || loaded === undefined) throw notReady(this);
    this.#leases += 1;
    this.#leasesGiven += 1;
    return new CountedLease(loaded, this, this.#leasesGiven);
  }

  /** For leases only: each gives back once. */
  giveBack(number: number): void {
    this.#leases -= 1;
    if (this.#drains.length > 0) this.#countDrains(number);
    if (this.#leases === 0) for (const resume of this.#whenIdle.splice(0)) resume();
    if (!this.isInUse) this.onIdle?.();
  }

  /**
   * For a request that waits until the version is ready: with it, nothing takes the version out of memory between the
   * end of the load and the request's lease. It does not keep a person from unloading it. Disposing twice does nothing.
   */
  claim(): Disposable {
    this.#claims += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#claims -= 1;
        if (!this.isInUse) this.onIdle?.();
      },
    };
  }

  /** Resolves when nobody holds a lease. */
  idle(): Promise<void> {
    if (this.#leases === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Resolves when the leases that are held now have come back, whatever is lent meanwhile. */
  drained(): Promise<void> {
    if (this.#leases === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drains.push({ upTo: this.#leasesGiven, open: this.#leases, resolve });
    return promise;
  }

  #countDrains(number: number): void {
    for (const drain of this.#drains) {
      if (number <= drain.upTo) drain.open -= 1;
      if (drain.open === 0) drain.resolve();
    }
    const open = this.#drains.filter((drain) => drain.open > 0);
    this.#drains.splice(0, Number.POSITIVE_INFINITY, ...open);
  }
}

interface Drain {
  /** The number of the last lease that is waited for. */
  readonly upTo: number;
  open: number;
  readonly resolve: () => void;
}

class CountedLease implements Lease {
  readonly loaded: Loaded;
  readonly #number: number;
  #resident: Resident | undefined;

  constructor(loaded: Loaded, resident: Resident, number: number) {
    this.loaded = loaded;
    this.#number = number;
    this.#resident = resident;
  }

  [Symbol.dispose](): void {
    const resident = this.#resident;
    this.#resident = undefined;
    resident?.giveBack(this.#number);
  }
}

/** Why a version that is here takes no requests. */
export function notReady(resident: Resident): AppError {
  const load = `Load ${resident.modelId} version ${resident.version} again.`;
  switch (resident.state) {
    case 'failed':
      return new AppError('not_ready', `${resident.label} has failed: ${resident.reason ?? 'the reason is unknown'}`, {
        next: load,
      });
    case 'draining':
    case 'absent':
      return new AppError('not_ready', `${resident.label} is being unloaded.`, { next: load });
    default:
      return new AppError('not_ready', `${resident.label} is ${resident.state}.`, { retryAfterS: 1 });
  }
}
