import { chooseIntraOpThreads, type ThreadsFrom } from '../../core/model/intra-op-threads.ts';

interface ThreadSettings {
  /** Processors that this process may use. */
  readonly count: number;
  /** Threads of each runner whose model says nothing else. Undefined: they are chosen. */
  readonly intraOpThreads: number | undefined;
}

/** A version's part in the processors, for as long as it has runners. Disposing twice does nothing. */
export interface ThreadShare extends Disposable {
  /** For a runner of the version that starts now. */
  threads(): number;
  readonly from: ThreadsFrom;
}

/** Which runners are there, or on their way, and how many threads the next one is to have. */
export class ThreadShares {
  readonly #settings: ThreadSettings;
  #setThreads = 0;
  #choosingRunners = 0;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  /**
   * All of a version's runners count from now on, whether they are there or are just being started again.
   * @param ofModel threads of each, where the model says so
   */
  take(runners: number, ofModel: number | undefined): ThreadShare {
    const set = ofModel ?? this.#settings.intraOpThreads;
    this.#count(runners, set);
    let isHeld = true;
    return {
      threads: () => set ?? this.#choose(),
      from: threadsFrom(ofModel, this.#settings.intraOpThreads),
      [Symbol.dispose]: () => {
        if (isHeld) this.#count(-runners, set);
        isHeld = false;
      },
    };
  }

  #count(runners: number, set: number | undefined): void {
    if (set === undefined) this.#choosingRunners += runners;
    else this.#setThreads += runners * set;
  }

  #choose(): number {
    const { count: processors } = this.#settings;
    return chooseIntraOpThreads({ processors, setThreads: this.#setThreads, runners: this.#choosingRunners });
  }
}

/** @param ofModel what the model's options say */
export function threadsFrom(ofModel: number | undefined, ofServer: number | undefined): ThreadsFrom {
  if (ofModel !== undefined) return 'model';
  return ofServer === undefined ? 'chosen' : 'server';
}
