import type { RunnerExit } from '../ports/engine.ts';

/** A request's runner ended before it answered the request. */
export interface Loss {
  /** Whether the runner was working on the request: it may be what ended the runner. */
  readonly began: boolean;
  /** Stands for that end of that runner: the same object for all that were lost with it. */
  readonly crash: object;
  readonly exit: RunnerExit;
}

/** `retry`: it is run again, by itself where it had begun. `give_up`: it is refused, and never run again. */
export type LossVerdict = 'retry' | 'give_up';

/** Asked what is to become of a request that was lost with its runner. */
export type OnLost = (loss: Loss) => LossVerdict;
