import type { Server } from '../../contestants/server.ts';
import { type Rotation, rotate } from '../../load/rotation.ts';
import { readProcessorTime } from '../../measure/processor-time.ts';
import { median } from '../../measure/statistics.ts';

/** What a request costs. */
export interface Cost {
  /** Processor time of the server's own process, in microseconds per request. */
  readonly frontUs: number;
  /** Of its descendants. */
  readonly runnersUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly failed: number;
}

const WARM_UP_MS = 200;

/** Puts a load on `server` for the given time, and says what a request of it cost. */
export async function measureCost(server: Server, load: Rotation, durationMs: number): Promise<Cost> {
  await rotate(load, WARM_UP_MS);
  const before = await readProcessorTime(server.pid);
  const { count, failed, perSecond, p50Ms } = await rotate(load, durationMs);
  const after = await readProcessorTime(server.pid);
  const perRequest = (fromMs: number, toMs: number): number => ((toMs - fromMs) * 1000) / (count + failed);
  return {
    frontUs: perRequest(before.rootMs, after.rootMs),
    runnersUs: perRequest(before.descendantsMs, after.descendantsMs),
    perSecond,
    p50Ms,
    failed,
  };
}

export function totalUs({ frontUs, runnersUs }: Cost): number {
  return frontUs + runnersUs;
}

/** The median of each figure over the rounds of one load. */
export function medianCost(rounds: readonly Cost[]): Cost {
  const of = (member: keyof Cost): number => median(rounds.map((round) => round[member]));
  return {
    frontUs: of('frontUs'),
    runnersUs: of('runnersUs'),
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    failed: of('failed'),
  };
}
