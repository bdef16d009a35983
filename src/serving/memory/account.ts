import type { Resident as Holder } from '../../core/memory/eviction-plan.ts';
import type { LedgerEntry, LedgerFigures, MemoryLedger } from '../../core/memory/ledger.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Clock } from '../ports/clock.ts';
import { Recency } from './recency.ts';

interface AccountParts {
  readonly ledger: MemoryLedger;
  readonly residency: Residency;
  readonly clock: Clock;
  /** Bytes that belong to no model: the arenas that requests and answers pass through. */
  readonly sharedBytes: () => number;
}

/** The ledger's key of what belongs to no model. */
const SHARED = 'arena';

/** Which instance holds how much of the memory budget, and when it was last used. It decides nothing by itself. */
export class MemoryAccount {
  readonly #parts: AccountParts;
  readonly #recency = new Recency();
  /** There only while somebody waits for it: most changes are nobody's concern. */
  #change: PromiseWithResolvers<void> | undefined;
  #hasSharerGone = false;

  constructor(parts: AccountParts) {
    this.#parts = parts;
    parts.ledger.tryReserve(SHARED, 0);
  }

  get budgetBytes(): number {
    return this.#parts.ledger.budgetBytes;
  }

  get sharedBytes(): number {
    return this.#parts.sharedBytes();
  }

  /** With what the arenas hold at this moment. */
  figures(): LedgerFigures {
    const { ledger, sharedBytes } = this.#parts;
    ledger.settle(SHARED, sharedBytes());
    return ledger.figures();
  }

  /** False, with nothing changed, when so much is not free. */
  tryReserve(resident: Resident, bytes: number): boolean {
    this.figures();
    if (!this.#parts.ledger.tryReserve(resident.key, bytes)) return false;
    resident.onIdle = () => {
      resident.lastUsedMs = this.#parts.clock.monotonicMs();
      this.#changed();
    };
    resident.reservedBytes = bytes;
    // However it comes to its end.
    void resident.retired.then(() => this.release(resident));
    this.touch(resident);
    return true;
  }

  /** A measurement in the place of the reservation. Of an instance that holds nothing (any more) it changes nothing. */
  settle(resident: Resident, footprintBytes: number): void {
    if (this.#parts.ledger.settle(resident.key, footprintBytes)) this.#changed();
  }

  /** What it was measured to use is what it is expected to use from now on, where that is more. */
  raiseReservation(resident: Resident): void {
    this.#parts.ledger.raise(resident.key);
    resident.reservedBytes = this.entry(resident)?.reservedBytes;
  }

  release(resident: Resident): void {
    if (resident.footprint?.sharedBytes !== undefined && this.entry(resident) !== undefined) this.#hasSharerGone = true;
    this.#parts.ledger.release(resident.key);
    resident.reservedBytes = undefined;
    this.#recency.remove(resident);
    this.#changed();
  }

  /**
   * Whether an instance that shared weights has gone since this was last asked: those that it shared them with cost more
   * than was measured.
   */
  takeSharerGone(): boolean {
    const hasGone = this.#hasSharerGone;
    this.#hasSharerGone = false;
    return hasGone;
  }

  entry(resident: Resident): LedgerEntry | undefined {
    return this.#parts.ledger.get(resident.key);
  }

  /** Something is let go that is no measurement and no use: a pin, or a successor that did not come. */
  noteChange(): void {
    this.#changed();
  }

  /** The instance is loaded: from now on it can be evicted. */
  loaded(resident: Resident): void {
    this.touch(resident);
    this.#changed();
  }

  /** The instance is being used. Every request comes here. */
  touch(resident: Resident): void {
    resident.lastUsedMs = this.#parts.clock.monotonicMs();
    this.#recency.touch(resident);
  }

  /** Resolves when something was given back, measured, or became idle: what did not fit may fit now. */
  changed(): Promise<void> {
    this.#change ??= Promise.withResolvers();
    return this.#change.promise;
  }

  leastRecentFirst(): readonly Resident[] {
    return this.#recency.leastRecentFirst().filter((resident) => this.entry(resident) !== undefined);
  }

  /** How messages call the holder of a key. */
  labelOf(key: string): string {
    return this.leastRecentFirst().find((resident) => resident.key === key)?.label ?? key;
  }

  /**
   * The instances as an eviction plan wants them: least recently used first.
   * @param replaced the one that what is planned for would take the place of: it answers until then
   */
  holders(replaced?: Resident): readonly Holder[] {
    return this.leastRecentFirst().map((resident) =>
      this.#holder(resident, resident.inUpdate || resident === replaced),
    );
  }

  /** The instance that this one is being loaded to take the place of. */
  predecessorOf(successor: Resident): Resident | undefined {
    return this.leastRecentFirst().find((resident) => resident.successor === successor);
  }

  #holder(resident: Resident, isHeld: boolean): Holder {
    const entry = this.entry(resident);
    return {
      key: resident.key,
      bytes: entry?.footprintBytes ?? entry?.reservedBytes ?? 0,
      ...commonWeights(resident, entry?.footprintBytes),
      activity: activityOf(resident),
      pinned: resident.pinned,
      isHeld,
      onlyProvenOfPinned: this.#isOnlyProvenOfPinned(resident),
    };
  }

  /** A version of the model is pinned, and this one is the only one that can answer. */
  #isOnlyProvenOfPinned(resident: Resident): boolean {
    const siblings = this.#parts.residency.ofModel(resident.modelId);
    const ready = siblings.filter((sibling) => sibling.state === 'ready');
    return siblings.some((sibling) => sibling.pinned) && ready.length === 1 && ready[0] === resident;
  }

  #changed(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}

/** All that is not its own counts as in common: until the last that shares the weights has gone, it is not surely freed. */
function commonWeights({ loaded, footprint }: Resident, footprintBytes = 0): Pick<Holder, 'common'> {
  const files = loaded?.prepared.sharedFiles ?? [];
  if (files.length === 0 || footprint === undefined) return {};
  return { common: { group: files.join('\0'), bytes: Math.max(0, footprintBytes - footprint.privateBytes) } };
}

function activityOf(resident: Resident): Holder['activity'] {
  if (resident.state === 'loading' || resident.state === 'draining') return resident.state;
  if (resident.successor !== undefined) return 'replacing';
  return resident.isInUse ? 'busy' : 'idle';
}
