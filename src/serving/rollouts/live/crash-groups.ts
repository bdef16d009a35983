import type { Arm } from '../../../core/traffic/assignment.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OnLost } from '../../running/loss.ts';
import type { RecordedRequest } from '../comparing/recorded-requests.ts';
import type { EvidenceBook } from '../driving/evidence-book.ts';

interface Group {
  readonly arm: Arm;
  readonly orders: number[];
  /** Whether something ran with them that was not drawn: a named version, a fallback, a pair. */
  withOthers: boolean;
  readonly suspects: RecordedRequest[];
}

type Loss = Parameters<OnLost>[0];

/** One drawn request, for when its process ends under it. */
export interface DrawnRequest {
  readonly arm: Arm;
  readonly order: number;
  readonly recorded: RecordedRequest | undefined;
}

interface CrashParts {
  readonly book: Pick<EvidenceBook, 'settle' | 'settleTogether' | 'crashWhileIdle'>;
  readonly clock: Clock;
  readonly stage: () => number;
  /** Told of each crash of the new version, with the requests that it had begun. */
  readonly onCrash: (arm: Arm, suspects: readonly RecordedRequest[]) => void;
}

/** A crash takes several requests with it, and is one event of the evidence. */
export class CrashGroups {
  readonly #parts: CrashParts;
  readonly #groups = new Map<object, Group>();

  constructor(parts: CrashParts) {
    this.#parts = parts;
  }

  /** A drawn request was lost with its process. */
  lostDrawn(loss: Loss, { arm, order, recorded }: DrawnRequest): void {
    const group = this.#groupOf(loss.crash, arm);
    if (loss.began) {
      group.orders.push(order);
      if (recorded !== undefined) group.suspects.push(recorded);
    } else if (arm === 'new') {
      this.#parts.book.settle(order, { kind: 'part_of_crash' });
    }
  }

  /** A request that was not drawn was lost with its process. */
  lostOther(loss: Loss, arm: Arm): void {
    if (loss.began) this.#groupOf(loss.crash, arm).withOthers = true;
  }

  /** A version's process ended; whatever was lost with it is told before or after, within the same turn. */
  ended(crash: object, arm: Arm): void {
    this.#groupOf(crash, arm);
  }

  #groupOf(crash: object, arm: Arm): Group {
    const known = this.#groups.get(crash);
    if (known !== undefined) return known;
    const group: Group = { arm, orders: [], withOthers: false, suspects: [] };
    this.#groups.set(crash, group);
    this.#parts.clock.after(0, () => this.#count(crash, group));
    return group;
  }

  #count(crash: object, { arm, orders, withOthers, suspects }: Group): void {
    const { book, stage, onCrash } = this.#parts;
    if (orders.length > 0) book.settleTogether(orders, 'crash', withOthers);
    else if (!withOthers) book.crashWhileIdle(arm, stage());
    onCrash(arm, suspects);
    // Late losses of the same crash find their group: they are no second event.
    this.#parts.clock.after(1000, () => this.#groups.delete(crash));
  }
}
