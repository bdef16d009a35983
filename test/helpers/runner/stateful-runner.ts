import type { StartMessage } from '../../../src/adapters/onnx/runner/messages.ts';
import { Scheduler } from '../../../src/adapters/onnx/runner/scheduler.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { FakeClock } from '../serving/fake-clock.ts';
import { MESSAGE, START } from './messages.ts';

/** Turns of the event loop that the scheduler takes from the end of one run to the beginning of the next, and more. */
const TURNS = 6;
/** Large enough for states not to meet by chance, small enough to be exact. */
const MODULUS = 1_000_003;

/** What the model of this runner makes of a state and an input: other orders and other beginnings give other numbers. */
export function step(h: number, x: number): number {
  return (31 * h + x + 7) % MODULUS;
}

export interface StatefulRequest {
  /** One row each. */
  readonly x: number | readonly number[];
  readonly sequence?: string | number | bigint;
  readonly start?: boolean;
  readonly end?: boolean;
  readonly priority?: number;
  readonly deadlineInMs?: number;
  readonly detached?: boolean;
}

export interface StatefulEnd {
  /** `answered`, or the code of the error. */
  readonly outcome: string;
  readonly error: AppError | undefined;
  readonly y: readonly number[];
}

/** The real scheduler on a model with one state, and a clock that stands still until it is told to go on. */
export class StatefulRunner {
  readonly clock = new FakeClock(async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
  });
  /** The inputs of each run. */
  readonly runs: (readonly number[])[] = [];
  readonly ends = new Map<number, StatefulEnd>();
  /** How many sequences were open, each time that it was told. */
  readonly counts: number[] = [];
  readonly scheduler: Scheduler;
  /** Milliseconds that a run takes. */
  runMs = 1;
  /** Refuses runs with such an input. */
  refuses: (x: number) => boolean = () => false;
  /** The shape of the state that a run of so many rows gives. */
  stateShape: (rows: number) => number[] = (rows) => [rows, 1];
  readonly #bodies = new Map<number, string>();
  readonly #outputs = new Float64Array(1000);
  #sent = 0;

  constructor(options: Partial<StartMessage> = {}) {
    this.scheduler = new Scheduler({
      start: { ...START, state: STATE, ...options },
      batchable: true,
      clock: this.clock,
      session: { signature: SIGNATURE, run: (inputs) => this.#run(inputs) },
      outbox: {
        below: () => undefined,
        answer: (id, chunks) => this.#end(id, { outcome: 'answered', error: undefined, y: dataOf(chunks) }),
        fail: (id, error) => {
          if (!(error instanceof AppError)) throw error;
          this.#end(id, { outcome: error.code, error, y: [] });
        },
      },
      readBody: ({ at }) => Buffer.from(this.#bodies.get(Number(at)) ?? ''),
      announce: () => undefined,
      warn: (text) => {
        throw new Error(text);
      },
      onSequences: (open) => this.counts.push(open),
    });
  }

  /** @returns its id */
  send({ x, sequence, start, end, priority, deadlineInMs = 60_000, detached = false }: StatefulRequest): number {
    this.#sent += 1;
    const id = this.#sent;
    const data = [x].flat();
    // JSON.stringify has no bigint.
    const id64 = typeof sequence === 'bigint' ? String(sequence) : JSON.stringify(sequence);
    const members = { sequence_id: id64, sequence_start: start, sequence_end: end };
    const parameters = Object.entries(members).filter(([, value]) => value !== undefined);
    const text = parameters.map(([name, value]) => `"${name}":${value}`).join();
    const input = JSON.stringify({ name: 'x', shape: [data.length, 1], datatype: 'FP64', data });
    this.#bodies.set(id, `{"parameters":{${text}},"inputs":[${input}]}`);
    const arrivedAtMs = this.clock.monotonicMs();
    const times = { arrivedAtMs, deadlineMs: arrivedAtMs + deadlineInMs };
    this.scheduler.accept(id, { ...MESSAGE, ...times, priority, detached, at: id });
    return id;
  }

  /** Sends it and lets it be answered. */
  async ask(request: StatefulRequest): Promise<StatefulEnd> {
    const id = this.send(request);
    await this.clock.advance(2 * this.runMs);
    return this.end(id);
  }

  end(id: number): StatefulEnd {
    const end = this.ends.get(id);
    if (end === undefined) throw new Error(`request ${id} has not ended`);
    return end;
  }

  async #run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const of = (name: string) => Array.from(inputs.find((input) => input.name === name)?.data ?? [], Number);
    const [x, h] = [of('x'), of('h')];
    if (x.length !== h.length) throw new Error(`${x.length} rows of x, ${h.length} of h`);
    this.runs.push(x);
    await new Promise<void>((resolve) => this.clock.after(this.runMs, resolve));
    if (x.some(this.refuses)) throw new AppError('model_rejected_input', 'refused');
    // In the memory of the run before, as a runtime may do.
    const next = this.#outputs.subarray(0, x.length);
    next.set(x.map((value, row) => step(h[row] ?? Number.NaN, value)));
    return [
      { name: 'y', datatype: 'FP64', shape: [x.length, 1], data: next },
      { name: 'h_out', datatype: 'FP64', shape: this.stateShape(x.length), data: next },
    ];
  }

  #end(id: number, end: StatefulEnd): void {
    if (this.ends.has(id)) throw new Error(`request ${id} ended twice`);
    this.#bodies.delete(id);
    this.ends.set(id, end);
  }
}

const dataOf = (chunks: readonly Uint8Array[]): readonly number[] => {
  const { outputs } = JSON.parse(Buffer.concat(chunks).toString());
  if (outputs.length !== 1) throw new Error('a state was answered');
  return outputs[0].data;
};

/** As clients see it. */
const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
} as const;

const STATE = [{ input: 'h', output: 'h_out', datatype: 'FP64', rowShape: [1], initial: 0 }] as const;
