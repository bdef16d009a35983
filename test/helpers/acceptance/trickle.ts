import { setTimeout as pause } from 'node:timers/promises';
import { echoFault } from './ask.ts';
import type { Server } from './server.ts';

/** Between two requests of a lane: steady traffic, and time for others on a small machine. */
const PAUSE_MS = 5;

/** Requests to a model that answers what it is given, one after the other in each lane, until it is stopped. */
export class Trickle {
  /** Answered rightly. */
  answered = 0;
  /** What else happened. */
  readonly faults: string[] = [];
  #isRunning = true;
  #next = 0;
  readonly #lanes: Promise<void>[];

  constructor(server: Server, modelId: string, lanes = 1) {
    this.#lanes = Array.from({ length: lanes }, async () => {
      while (this.#isRunning) {
        this.#next += 1;
        const fault = await echoFault(server, modelId, this.#next);
        if (fault === undefined) this.answered += 1;
        else this.faults.push(fault);
        await pause(PAUSE_MS);
      }
    });
  }

  /** Resolves when the last answer is there. */
  async stop(): Promise<this> {
    this.#isRunning = false;
    await Promise.all(this.#lanes);
    return this;
  }
}
