import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether somebody wants the demo to end: by a signal, or by closing what it writes to (`npm run demo | head`). */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  constructor(output: NodeJS.WritableStream) {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    output.on('error', this.#onOutputClosed);
  }

  /** Aborted with the interruption. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a shell expects of a program that was ended so; undefined when it was not. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Once the demo has cleaned up, signals do what they do. A closed output stays an output nobody reads. */
  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#end(128 + constants.signals[signal]);
  };

  readonly #onOutputClosed = (): void => this.#end(1);

  #end(exitCode: number): void {
    this.#exitCode ??= exitCode;
    this.#controller.abort(new Error('interrupted'));
  }
}
