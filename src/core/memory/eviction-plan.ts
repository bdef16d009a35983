/** Something that holds memory of the budget. */
export interface Resident {
  readonly key: string;
  /** What is freed when it goes: its footprint, or its reservation while it loads. */
  readonly bytes: number;
  /** `loading` and `draining` ones hold memory too. A version with leases is `busy`. */
  readonly activity: 'idle' | 'busy' | 'loading' | 'draining';
  readonly pinned: boolean;
  /** It takes part in a rollout and serves weight there, or is what the rollout would return to. */
  readonly inRollout: boolean;
  /** The only proven version of a model that is pinned. */
  readonly onlyProvenOfPinned: boolean;
}

/** Why a resident can not be evicted now. The first three pass by themselves; the rest are somebody's decision. */
export type HoldReason = 'draining' | 'loading' | 'busy' | 'pinned' | 'in_rollout' | 'only_proven_version';

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
      /** Busy, loading or draining, and evictable (or gone) after that. */
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
 */
export function planEviction({ needBytes, freeBytes, residents }: EvictionNeed): EvictionPlan {
  const deficit = needBytes - freeBytes;
  const evictable = residents.filter((resident) => holdReason(resident) === undefined);
  const reached: Resident[] = [];
  let freed = 0;
  for (const resident of evictable) {
    if (freed >= deficit) break;
    reached.push(resident);
    freed += resident.bytes;
  }
  if (freed < deficit) return refusal(needBytes, freeBytes, freed, residents);
  return { fits: true, evict: withoutSuperfluous(reached, freed - deficit).map((resident) => resident.key) };
}

/** One pass is enough: what could not be spared with more slack can not be spared with less. */
function withoutSuperfluous(reached: readonly Resident[], surplus: number): readonly Resident[] {
  let slack = surplus;
  const needed = reached.toReversed().filter((resident) => {
    if (resident.bytes > slack) return true;
    slack -= resident.bytes;
    return false;
  });
  return needed.toReversed();
}

function refusal(
  neededBytes: number,
  freeBytes: number,
  couldBeFreedBytes: number,
  residents: readonly Resident[],
): EvictionPlan {
  const holders = residents.flatMap((resident): Holder[] => {
    const reason = holdReason(resident);
    return reason === undefined ? [] : [{ key: resident.key, bytes: resident.bytes, reason }];
  });
  const couldBeFreedLaterBytes = holders
    .filter(({ reason }) => reason === 'draining' || reason === 'loading' || reason === 'busy')
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const mayFitLater = freeBytes + couldBeFreedBytes + couldBeFreedLaterBytes >= neededBytes;
  return { fits: false, neededBytes, freeBytes, couldBeFreedBytes, couldBeFreedLaterBytes, mayFitLater, holders };
}

/** Undefined: it may be evicted now. What is held by a decision says so even while it is busy; what drains goes anyway. */
function holdReason(resident: Resident): HoldReason | undefined {
  if (resident.activity === 'draining') return 'draining';
  if (resident.pinned) return 'pinned';
  if (resident.inRollout) return 'in_rollout';
  if (resident.onlyProvenOfPinned) return 'only_proven_version';
  return resident.activity === 'idle' ? undefined : resident.activity;
}
