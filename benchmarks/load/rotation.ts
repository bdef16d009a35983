import { type LatencySummary, summarize } from '../measure/statistics.ts';
import type { Connection } from './connection.ts';

export interface Rotation {
  /** Open ones. They stay open. */
  readonly connections: readonly Connection[];
  /** Taken in turns. */
  readonly requests: readonly Buffer[];
  /** Requests under way at once, whatever the number of connections. */
  readonly concurrency: number;
}

export interface RotationResult extends LatencySummary {
  readonly perSecond: number;
  /** Answers other than 200, and lost connections. */
  readonly failed: number;
}

/**
 * Keeps `concurrency` requests under way for the given time, each on the connection that has waited longest: all
 * connections have their turn. Ends when the last answer is there.
 */
export async function rotate(
  { connections, requests, concurrency }: Rotation,
  durationMs: number,
): Promise<RotationResult> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const startMs = performance.now();
  const deadlineMs = startMs + durationMs;
  const idle: Connection[] = [];
  const latencies: number[] = [];
  let failed = 0;
  let underWay = 0;
  let next = 0;

  const rest = (connection: Connection): void => {
    connection.onLost = () => {
      failed += 1;
      idle.splice(idle.indexOf(connection), 1);
    };
    idle.push(connection);
  };
  const proceed = (nowMs: number): void => {
    const connection = nowMs < deadlineMs ? idle.shift() : undefined;
    if (connection !== undefined) send(connection, nowMs);
    else if (underWay === 0) resolve();
  };
  const send = (connection: Connection, sentMs: number): void => {
    underWay += 1;
    connection.onAnswer = (status) => {
      const nowMs = performance.now();
      underWay -= 1;
      if (status === 200) latencies.push(nowMs - sentMs);
      else failed += 1;
      rest(connection);
      proceed(nowMs);
    };
    connection.onLost = () => {
      underWay -= 1;
      failed += 1;
      proceed(performance.now());
    };
    next = (next + 1) % requests.length;
    connection.send(requests[next] ?? Buffer.alloc(0));
  };

  for (const connection of connections) rest(connection);
  for (let i = 0; i < concurrency; i += 1) proceed(performance.now());
  await promise;
  for (const connection of connections) connection.onLost = () => {};
  const perSecond = (latencies.length * 1000) / (performance.now() - startMs);
  return { ...summarize(latencies), perSecond, failed };
}
