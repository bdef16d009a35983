import type { StartMessage } from '../../../src/adapters/onnx/runner/messages.ts';
import { Scheduler } from '../../../src/adapters/onnx/runner/scheduler.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { FakeClock } from '../serving/fake-clock.ts';
import { MESSAGE, START } from './messages.ts';

/** Turns of the event loop that the scheduler takes from the end of one run to the beginning of the next, and more. */
const TURNS = 6;

export interface SimulatedRun {
  readonly beganAtMs: number;
  endedAtMs: number;
  /** The first element of each row. */
  readonly values: readonly number[];
}

export interface SimulatedEnd {
  readonly atMs: number;
  /** `answered`, or the code of the error. */
  readonly outcome: string;
  /** Of the answer's one output. */
  readonly data: readonly number[];
}

export interface SimulatedRequest {
  /** One row each. */
  readonly values: readonly number[];
  /** Elements of a row; requests with others share no run. */
  readonly width?: number;
  readonly priority?: number;
  readonly deadlineInMs?: number;
  /** Said to be the length of its body. */
  readonly bytes?: number;
  /** As its body has them. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The real scheduler on a clock that stands still until it is told to go on, and a model that adds one and takes its time. */
export class SimulatedRunner {
  readonly clock = new FakeClock(async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
  });
  readonly runs: SimulatedRun[] = [];
  readonly ends = new Map<number, SimulatedEnd>();
  readonly scheduler: Scheduler;
  /** Milliseconds of a run of so many rows. */
  runMs: (rows: number) => number = () => 1;
  /** Milliseconds for which each body holds the process up while it is decoded. */
  decodeMs = 0;
  readonly #bodies = new Map<number, string>();

  constructor(options: Partial<StartMessage> = {}) {
    this.scheduler = new Scheduler({
      start: { ...START, ...options },
      batchable: true,
      clock: this.clock,
      session: { signature: SIGNATURE, run: (inputs) => this.#run(inputs) },
      outbox: {
        below: () => undefined,
        answer: (id, chunks) => this.#end(id, 'answered', dataOf(chunks)),
        fail: (id, error) => this.#end(id, error instanceof AppError ? error.code : String(error), []),
      },
      readBody: ({ at }) => {
        this.clock.pass(this.decodeMs);
        return Buffer.from(this.#bodies.get(Number(at)) ?? '');
      },
      announce: () => undefined,
      onSequences: (open) => {
        throw new Error(`${open} sequences of a model without states`);
      },
      warn: (text) => {
        throw new Error(text);
      },
    });
  }

  send(
    id: number,
    { values, width = 1, priority, deadlineInMs = 60_000, bytes = 0, parameters }: SimulatedRequest,
  ): void {
    const data = values.flatMap((value) => Array.from({ length: width }, () => value));
    const input = { name: 'x', shape: [values.length, width], datatype: 'FP32', data };
    this.#bodies.set(id, JSON.stringify({ inputs: [input], parameters }));
    const arrivedAtMs = this.clock.monotonicMs();
    const deadlineMs = arrivedAtMs + deadlineInMs;
    this.scheduler.accept(id, { ...MESSAGE, arrivedAtMs, deadlineMs, priority, bytes, at: id });
  }

  outcome(id: number): string | undefined {
    return this.ends.get(id)?.outcome;
  }

  async #run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const [x] = inputs;
    const [rows = 0, width = 1] = x?.shape ?? [];
    const data = Array.from(x?.data ?? [], Number);
    const beganAtMs = this.clock.monotonicMs();
    const run: SimulatedRun = {
      beganAtMs,
      endedAtMs: Number.POSITIVE_INFINITY,
      values: data.filter((_, index) => index % width === 0),
    };
    this.runs.push(run);
    await new Promise<void>((resolve) => this.clock.after(this.runMs(rows), resolve));
    run.endedAtMs = this.clock.monotonicMs();
    const answers = Float32Array.from(data, (value) => value + 1);
    return [{ name: 'y', datatype: 'FP32', shape: [rows, width], data: answers }];
  }

  #end(id: number, outcome: string, data: readonly number[]): void {
    if (this.ends.has(id)) throw new Error(`request ${id} ended twice`);
    this.#bodies.delete(id);
    this.ends.set(id, { atMs: this.clock.monotonicMs(), outcome, data });
  }
}

const dataOf = (chunks: readonly Uint8Array[]): readonly number[] =>
  JSON.parse(Buffer.concat(chunks).toString()).outputs[0].data;

const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1] }],
} as const;
