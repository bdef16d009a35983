/** Who decided how many threads a model's processes have. `chosen`: nobody, so that it follows from the processors. */
export type ThreadsFrom = 'model' | 'server' | 'chosen';

export interface ThreadDemand {
  /** That this process may use. */
  readonly processors: number;
  /** Of the runners whose number of threads somebody has decided, the sum. */
  readonly setThreads: number;
  /** Runners whose number is to be chosen, at least one: the one that is about to start, and those that are there. */
  readonly runners: number;
}

/**
 * Threads for a runner that is about to start and whose number nobody has decided: its part of the processors that are
 * left by those whose number somebody has. Where all of them start now, the sum of all is no more than the processors,
 * as long as each has one. A session has the threads that it was created with: those that started while there were fewer
 * runners keep their larger parts.
 *
 * Example: of 8 processors one runner has 8, two have 4 each, three 2 each; beside a model that is set to 6, two have 1
 * each; nine have 1 each.
 */
export function chooseIntraOpThreads({ processors, setThreads, runners }: ThreadDemand): number {
  return Math.max(1, Math.floor((processors - setThreads) / runners));
}
