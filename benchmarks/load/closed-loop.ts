import { type LatencySummary, summarize } from '../measure/statistics.ts';
import { Connection } from './connection.ts';
import { SteadyRate } from './steady-rate.ts';

export interface ClosedLoad {
  readonly port: number;
  /** Taken in turns. */
  readonly requests: readonly Buffer[];
  /** Each connection sends its next request when it has the answer to the last. */
  readonly concurrency: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface LoadResult extends LatencySummary {
  readonly perSecond: number;
  /** Answers other than 200, and lost connections. */
  readonly failed: number;
}

/** Keeps `concurrency` requests under way for the given time. Ends when the last answer is there. */
export async function closedLoop(load: ClosedLoad): Promise<LoadResult> {
  const connections = await Connection.openAll(load.port, load.concurrency);
  const start = performance.now();
  const deadline = start + load.warmUpMs + load.durationMs;
  const rate = new SteadyRate(start + load.warmUpMs);
  const latencies: number[] = [];
  let failed = 0;
  let next = 0;

  const drive = (connection: Connection): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sentAt = 0;
    const send = (now: number): void => {
      sentAt = now;
      next = (next + 1) % load.requests.length;
      connection.send(load.requests[next] ?? Buffer.alloc(0));
    };
    connection.onAnswer = (status) => {
      const now = performance.now();
      if (status !== 200) failed += 1;
      else if (now <= deadline && rate.complete(now)) latencies.push(now - sentAt);
      if (now < deadline) send(now);
      else resolve();
    };
    connection.onLost = () => {
      failed += 1;
      resolve();
    };
    send(performance.now());
    return promise;
  };

  await Promise.all(connections.map(drive));
  for (const connection of connections) connection.close();
  return { ...summarize(latencies), perSecond: rate.perSecond, failed };
}
