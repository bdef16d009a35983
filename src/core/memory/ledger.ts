/** What memory is counted for: the machine's, or one GPU's. */
export type MemoryResource = 'host' | `gpu:${number}`;

/** One holder's share of the budget, in bytes. */
export interface LedgerEntry {
  readonly key: string;
  /** What it was admitted with. */
  readonly reservedBytes: number;
  /** What was last measured; undefined while its load is under way. */
  readonly footprintBytes: number | undefined;
}

export interface LedgerFigures {
  readonly resource: MemoryResource;
  readonly budgetBytes: number;
  /** Sum of the footprints. */
  readonly usedBytes: number;
  /** Sum of the reservations of loads under way. */
  readonly reservedBytes: number;
  /** Budget less used less reserved; negative when footprints have grown above the budget. */
  readonly freeBytes: number;
  /** How far above the budget: 0, or the negative of `freeBytes`. */
  readonly overBudgetBytes: number;
}

/**
 * Who holds how much of a budget. A load reserves before it begins and settles once it is measured, so that loads side
 * by side can not overshoot together: a reservation is granted only if used + reserved stays within the budget. After
 * that only measurement can lift it above, which the figures show and nothing here hides.
 *
 * Keys name a holder for as long as it lives (a runner, the arena), not a model: while a version is started anew, the
 * old and the new are two.
 */
export class MemoryLedger {
  readonly resource: MemoryResource;
  readonly budgetBytes: number;
  readonly #entries = new Map<string, LedgerEntry>();

  constructor(resource: MemoryResource, budgetBytes: number) {
    this.resource = resource;
    this.budgetBytes = checkedBytes(budgetBytes);
  }

  /**
   * Holds `bytes` for a load that is about to begin.
   * @returns false, with nothing changed, when they do not fit
   * @throws RangeError when the key holds memory already, or `bytes` is no size
   */
  tryReserve(key: string, bytes: number): boolean {
    if (this.#entries.has(key)) throw new RangeError(`"${key}" holds memory already.`);
    if (checkedBytes(bytes) > this.figures().freeBytes) return false;
    this.#entries.set(key, { key, reservedBytes: bytes, footprintBytes: undefined });
    return true;
  }

  /**
   * Puts a measured footprint in the place of the reservation, or of the measurement before.
   * @returns false when the key holds nothing: a measurement that arrives after its process has ended changes nothing
   */
  settle(key: string, footprintBytes: number): boolean {
    checkedBytes(footprintBytes);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.set(key, { ...entry, footprintBytes });
    return true;
  }

  /** What was measured is expected from now on, where it is more than what was reserved. It changes no sum. */
  raise(key: string): void {
    const entry = this.#entries.get(key);
    if (entry?.footprintBytes === undefined || entry.footprintBytes <= entry.reservedBytes) return;
    this.#entries.set(key, { ...entry, reservedBytes: entry.footprintBytes });
  }

  /** Gives back what the key holds. Doing it again does nothing. */
  release(key: string): void {
    this.#entries.delete(key);
  }

  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  entries(): readonly LedgerEntry[] {
    return [...this.#entries.values()];
  }

  /** Sums are taken anew each time: there are few entries, and a running total can go wrong. */
  figures(): LedgerFigures {
    let usedBytes = 0;
    let reservedBytes = 0;
    for (const entry of this.#entries.values()) {
      if (entry.footprintBytes === undefined) reservedBytes += entry.reservedBytes;
      else usedBytes += entry.footprintBytes;
    }
    const { resource, budgetBytes } = this;
    const freeBytes = budgetBytes - usedBytes - reservedBytes;
    return { resource, budgetBytes, usedBytes, reservedBytes, freeBytes, overBudgetBytes: Math.max(0, -freeBytes) };
  }
}

/** Whether a holder is measured above its reservation by more than a third. One that reserved nothing promised nothing. */
export function hasDrifted({
  reservedBytes,
  footprintBytes = 0,
}: Pick<LedgerEntry, 'reservedBytes' | 'footprintBytes'>): boolean {
  return reservedBytes > 0 && footprintBytes * 3 > reservedBytes * 4;
}

/** One NaN would make every later sum NaN, and every comparison with it false. */
function checkedBytes(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new RangeError(`A size in memory is a whole number of bytes, not ${bytes}.`);
}
