import { type LatencySummary, summarize } from '../measure/statistics.ts';
import { Connection } from './connection.ts';

export interface TraceLoad {
  readonly port: number;
  /** Sent once each, in this order. */
  readonly requests: readonly Buffer[];
  /** Each connection sends the next request when it has the answer to its last. */
  readonly concurrency: number;
}

export interface TraceResult extends LatencySummary {
  /** Answers other than 200, and requests that a lost connection took with it or never sent. */
  readonly failed: number;
  readonly tookMs: number;
}

/** Sends every request of a trace. The latencies are those of the requests that were answered with 200. */
export async function traceLoad({ port, requests, concurrency }: TraceLoad): Promise<TraceResult> {
  const connections = await Connection.openAll(port, concurrency);
  const startMs = performance.now();
  const pending = requests.values();
  const latencies: number[] = [];

  const drive = (connection: Connection): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sentAt = 0;
    const send = (): void => {
      const next = pending.next();
      if (next.done === true) {
        resolve();
        return;
      }
      sentAt = performance.now();
      connection.send(next.value);
    };
    connection.onAnswer = (status) => {
      if (status === 200) latencies.push(performance.now() - sentAt);
      send();
    };
    connection.onLost = () => resolve();
    send();
    return promise;
  };

  await Promise.all(connections.map(drive));
  const tookMs = performance.now() - startMs;
  for (const connection of connections) connection.close();
  return { ...summarize(latencies), failed: requests.length - latencies.length, tookMs };
}
