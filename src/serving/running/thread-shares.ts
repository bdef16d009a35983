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
  /** Of each model for whose runners the number is chosen. */
  readonly #choosing = new Map<string, ChoosingModel>();

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  /**
   * All of a version's runners count from now on, whether they are there or are just being started again. Where the number
   * is chosen, all versions of a model have the same, and count once: one replaces the other, and is compared with it.
   * @param ofModel threads of each, where the model says so
   */
  take(modelId: string, runners: number, ofModel: number | undefined): ThreadShare {
    const from = threadsFrom(ofModel, this.#settings.intraOpThreads);
    const set = ofModel ?? this.#settings.intraOpThreads;
    return set === undefined ? this.#takeChosen(modelId, runners, from) : this.#takeSet(runners, set, from);
  }

  #takeSet(runners: number, threads: number, from: ThreadsFrom): ThreadShare {
    this.#setThreads += runners * threads;
    return this.#share(
      from,
      () => threads,
      () => {
        this.#setThreads -= runners * threads;
      },
    );
  }

  #takeChosen(modelId: string, runners: number, from: ThreadsFrom): ThreadShare {
    const model = this.#choosing.get(modelId) ?? { versions: [], threads: undefined };
    this.#choosing.set(modelId, model);
    const version = { runners };
    model.versions.push(version);
    const threads = () => {
      model.threads ??= this.#choose();
      return model.threads;
    };
    return this.#share(from, threads, () => {
      model.versions.splice(model.versions.indexOf(version), 1);
      if (model.versions.length === 0) this.#choosing.delete(modelId);
    });
  }

  #share(from: ThreadsFrom, threads: () => number, giveBack: () => void): ThreadShare {
    let isHeld = true;
    return {
      threads,
      from,
      [Symbol.dispose]: () => {
        if (isHeld) giveBack();
        isHeld = false;
      },
    };
  }

  #choose(): number {
    const { count: processors } = this.#settings;
    let runners = 0;
    for (const { versions } of this.#choosing.values()) runners += Math.max(...versions.map((each) => each.runners));
    return chooseIntraOpThreads({ processors, setThreads: this.#setThreads, runners });
  }
}

interface ChoosingModel {
  readonly versions: { readonly runners: number }[];
  /** As its first runner was started with: until all of its versions have gone. */
  threads: number | undefined;
}

/** @param ofModel what the model's options say */
export function threadsFrom(ofModel: number | undefined, ofServer: number | undefined): ThreadsFrom {
  if (ofModel !== undefined) return 'model';
  return ofServer === undefined ? 'chosen' : 'server';
}
