import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from './connection.ts';

export interface OpenLoad {
  readonly port: number;
  readonly requests: readonly Buffer[];
  readonly ratePerSecond: number;
  /** Requests that can be under way at once. One that finds no free connection waits, and its clock runs. */
  readonly connections: number;
}

/** One answered request. Times are of `performance.now()`. */
export interface Sample {
  /** When the schedule wanted it sent. */
  readonly dueMs: number;
  readonly latencyMs: number;
}

/** One request that got no answer with 200. */
export interface Failure {
  readonly dueMs: number;
  /** Undefined: the connection was lost, or no answer came. */
  readonly status: number | undefined;
}

/** How long `stop` waits for what was sent. */
const LAST_ANSWERS_MS = 10_000;

/**
 * Sends at a fixed rate whatever the server does, and counts each latency from the time the request was due: a server
 * that stalls for a second is charged with every request of that second, where a closed loop would have sent none.
 */
export class OpenLoop {
  readonly samples: Sample[] = [];
  readonly failures: Failure[] = [];
  readonly #load: OpenLoad;
  readonly #idle: Connection[] = [];
  readonly #all: readonly Connection[];
  readonly #startMs = performance.now();
  /** Requests that were due so far, sent or waiting for a connection. */
  #sent = 0;
  #underWay = 0;
  #stopAtMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  private constructor(load: OpenLoad, connections: readonly Connection[]) {
    this.#load = load;
    this.#all = connections;
    for (const connection of connections) this.#release(connection);
    this.#timer = setInterval(() => this.#sendDue(), 1);
  }

  static async start(load: OpenLoad): Promise<OpenLoop> {
    return new OpenLoop(load, await Connection.openAll(load.port, load.connections));
  }

  get failed(): number {
    return this.failures.length;
  }

  /** Sends what was due until now, waits for the answers, and closes the connections. */
  async stop(): Promise<void> {
    this.#stopAtMs = performance.now();
    const giveUpAtMs = this.#stopAtMs + LAST_ANSWERS_MS;
    while ((this.#underWay > 0 || this.#dueMs() < this.#stopAtMs) && performance.now() < giveUpAtMs) await delay(5);
    clearInterval(this.#timer);
    for (const connection of this.#all) {
      connection.close();
      // Whose answer did not come has lost it now.
      connection.onLost(new Error('there was no answer in time'));
    }
  }

  #dueMs(): number {
    return this.#startMs + (this.#sent * 1000) / this.#load.ratePerSecond;
  }

  #release(connection: Connection): void {
    connection.onLost = () => {
      // It was idle: the server closed it.
      const index = this.#idle.indexOf(connection);
      if (index !== -1) this.#idle.splice(index, 1);
    };
    this.#idle.push(connection);
  }

  #sendDue(): void {
    const until = Math.min(performance.now(), this.#stopAtMs);
    for (let dueMs = this.#dueMs(); dueMs < until; dueMs = this.#dueMs()) {
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      this.#send(connection, dueMs);
    }
  }

  #send(connection: Connection, dueMs: number): void {
    const { requests } = this.#load;
    const request = requests[this.#sent % requests.length] ?? Buffer.alloc(0);
    this.#sent += 1;
    this.#underWay += 1;
    connection.onAnswer = (status) => {
      this.#underWay -= 1;
      if (status === 200) this.samples.push({ dueMs, latencyMs: performance.now() - dueMs });
      else this.failures.push({ dueMs, status });
      this.#release(connection);
      this.#sendDue();
    };
    connection.onLost = () => {
      connection.onLost = () => {};
      this.#underWay -= 1;
      this.failures.push({ dueMs, status: undefined });
    };
    connection.send(request);
  }
}
