/** Something that holds memory of the budget. */
export interface Resident {
  readonly key: string;
  /** What is freed when it goes: its footprint, or its reservation while it loads. */
  readonly bytes: number;
  /** Of these bytes, those that it has in common with the others of a group: they are freed when all of them have gone. */
  readonly common?: { readonly group: string; readonly bytes: number };
  /**
   * `loading` and `draining` ones hold memory too. A version with leases is `busy`; one whose successor is being loaded
   * is `replacing`: it goes on answering until then.
   */
  readonly activity: 'idle' | 'busy' | 'loading' | 'draining' | 'replacing';
  readonly pinned: boolean;
  /** It stays until something else has taken its place: it takes part in an update, or is being loaded anew. */
  readonly isHeld: boolean;
  /** The only proven version of a model that is pinned. */
  readonly onlyProvenOfPinned: boolean;
}

/** Why a resident can not be evicted now. The first four pass by themselves; the rest are somebody's decision. */
export type HoldReason = 'draining' | 'loading' | 'busy' | 'replacing' | 'pinned' | 'held' | 'only_proven_version';

export interface Holder {
  readonly key: string;
  readonly bytes: number;
  readonly reason: HoldReason;
}

export interface EvictionNeed {
  readonly needBytes: number;
  /** Budget less used less reserved. Negative when footprints have grown above the budget: then that goes first. */
  readonly freeBytes: number;
  /** Least recently used first. */
  readonly residents: readonly Resident[];
}

export type EvictionPlan =
  | {
      readonly fits: true;
      /** Least recently used first; empty when there is room already. */
      readonly evict: readonly string[];
    }
  | {
      readonly fits: false;
      readonly neededBytes: number;
      readonly freeBytes: number;
      /** Idle and evictable now, not enough. */
      readonly couldBeFreedBytes: number;
      /** Busy, loading, draining or being replaced, and evictable (or gone) after that. */
      readonly couldBeFreedLaterBytes: number;
      /** Whether it would fit then: waiting is worth while. */
      readonly mayFitLater: boolean;
      /** Everything that can not be evicted now, least recently used first. */
      readonly holders: readonly Holder[];
    };

/**
 * Chooses what to evict so that `needBytes` fit. It only plans: nothing is evicted unless all of it suffices.
 *
 * Candidates are taken in LRU order until they free enough. Then those that turned out unnecessary are spared, most
 * recently used first: with 10 to free and idle residents of 4, 12 and 9 (oldest first) the order reaches the 12, after
 * which the 4 need not go, so the plan is the 12 alone. Nothing more recent than that reach is ever touched, and no
 * member of a plan can be left out. For residents of one size this is LRU itself.
 *
 * Who shares memory frees little until the last of them goes: of three that cost 6 each, 5 of it their part of 15 that
 * they share, the first two free 1 each, and the third 16.
 */
export function planEviction({ needBytes, freeBytes, residents }: EvictionNeed): EvictionPlan {
  const deficit = needBytes - freeBytes;
  const evictable = residents.filter((resident) => holdReason(resident) === undefined);
  const release = new Release(residents);
  const reached: Resident[] = [];
  for (const resident of evictable) {
    if (release.freedBytes >= deficit) break;
    reached.push(resident);
    release.add(resident);
  }
  if (release.freedBytes < deficit) return refusal(needBytes, freeBytes, release, residents);
  return { fits: true, evict: withoutSuperfluous(reached, release, deficit).map((resident) => resident.key) };
}

/** One pass is enough: what could not be spared when more was freed can not be spared when less is. */
function withoutSuperfluous(reached: readonly Resident[], release: Release, deficit: number): readonly Resident[] {
  const needed = reached.toReversed().filter((resident) => {
    release.remove(resident);
    if (release.freedBytes >= deficit) return false;
    release.add(resident);
    return true;
  });
  return needed.toReversed();
}

/** What is freed when certain residents go. */
class Release {
  freedBytes = 0;
  /** By group, what its members have in common, and how many of them stay. */
  readonly #groups = new Map<string, { bytes: number; staying: number }>();

  constructor(residents: readonly Resident[]) {
    for (const { common } of residents) {
      if (common === undefined) continue;
      const { bytes, staying } = this.#groups.get(common.group) ?? { bytes: 0, staying: 0 };
      this.#groups.set(common.group, { bytes: bytes + common.bytes, staying: staying + 1 });
    }
  }

  add(resident: Resident): void {
    this.#move(resident, 1);
  }

  remove(resident: Resident): void {
    this.#move(resident, -1);
  }

  #move({ bytes, common }: Resident, direction: 1 | -1): void {
    this.freedBytes += direction * (bytes - (common?.bytes ?? 0));
    const group = common === undefined ? undefined : this.#groups.get(common.group);
    if (group === undefined) return;
    const before = group.staying === 0 ? group.bytes : 0;
    group.staying -= direction;
    this.freedBytes += (group.staying === 0 ? group.bytes : 0) - before;
  }
}

const PASSING: ReadonlySet<HoldReason | undefined> = new Set(['draining', 'loading', 'busy', 'replacing'] as const);

/** @param release of everything that may go now */
function refusal(
  neededBytes: number,
  freeBytes: number,
  release: Release,
  residents: readonly Resident[],
): EvictionPlan {
  const couldBeFreedBytes = release.freedBytes;
  const holders = residents.flatMap((resident): Holder[] => {
    const reason = holdReason(resident);
    return reason === undefined ? [] : [{ key: resident.key, bytes: resident.bytes, reason }];
  });
  for (const resident of residents) if (PASSING.has(holdReason(resident))) release.add(resident);
  const couldBeFreedLaterBytes = release.freedBytes - couldBeFreedBytes;
  const mayFitLater = freeBytes + couldBeFreedBytes + couldBeFreedLaterBytes >= neededBytes;
  return { fits: false, neededBytes, freeBytes, couldBeFreedBytes, couldBeFreedLaterBytes, mayFitLater, holders };
}

/** Undefined: it may be evicted now. What is held by a decision says so even while it is busy; what drains goes anyway. */
function holdReason(resident: Resident): HoldReason | undefined {
  if (resident.activity === 'draining') return 'draining';
  if (resident.pinned) return 'pinned';
  if (resident.isHeld) return 'held';
  if (resident.onlyProvenOfPinned) return 'only_proven_version';
  return resident.activity === 'idle' ? undefined : resident.activity;
}
