import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/adapters/clock.ts';
import { OnnxEngine } from '../../../src/adapters/onnx/engine.ts';
import { Arena } from '../../../src/adapters/onnx/runner/arena.ts';
import { arenaDirectory } from '../../../src/adapters/onnx/runner/arena-file.ts';
import { EMPTY_MANIFEST } from '../../../src/core/model/manifest.ts';
import type { StateDeclaration } from '../../../src/core/model/state.ts';
import { withDeclaredState } from '../../../src/serving/lifecycle/declared-state.ts';
import type { Runner, RunnerSpec, RunReply, RunRequest } from '../../../src/serving/ports/engine.ts';
import type { Payload } from '../../../src/serving/ports/payload.ts';
import { silentLogger } from '../serving/serving.ts';

const NEVER = new AbortController().signal;

export interface RunFields extends Partial<Omit<RunRequest, 'payload'>> {
  readonly deadlineInMs?: number;
}

interface SpecOptions {
  readonly maxBatchSize?: number;
  readonly maxQueueDelayUs?: number;
  readonly preferredBatchSizes?: readonly number[];
  readonly intraOpThreads?: number;
  readonly shareWeights?: boolean;
  readonly state?: readonly StateDeclaration[];
  readonly maxSequences?: number;
  readonly sequenceIdleMs?: number;
  readonly mayHaveLost?: boolean;
}

/** The real engine with an arena and a directory of its own; everything goes with it. */
export class EngineRoom implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'echoserve-engine-'));
  readonly arena = new Arena({
    dir: arenaDirectory(undefined, true),
    capacityBytes: 256 << 20,
    maxBodyBytes: 64 << 20,
  });
  readonly started: number[] = [];
  readonly ended: number[] = [];
  readonly engine = new OnnxEngine({
    arena: this.arena,
    arenaDir: arenaDirectory(undefined, true),
    rewriteDir: join(this.dir, 'rewritten'),
    logger: silentLogger,
    onStarted: ({ pid }) => this.started.push(pid),
    onEnded: (pid) => this.ended.push(pid),
  });

  /** Writes a model file and prepares it to be run. */
  async spec(model: Uint8Array | string, options: SpecOptions = {}): Promise<RunnerSpec> {
    const path = typeof model === 'string' ? model : join(this.dir, `${crypto.randomUUID()}.onnx`);
    if (typeof model !== 'string') writeFileSync(path, model);
    const file = await this.engine.prepare(path, NEVER, { shareWeights: options.shareWeights ?? false });
    const prepared = withDeclaredState(file, { ...EMPTY_MANIFEST, state: options.state ?? [] });
    return {
      modelId: 'test/model',
      version: '1',
      prepared,
      maxBatchSize: options.maxBatchSize ?? 32,
      maxQueueDelayUs: options.maxQueueDelayUs ?? 0,
      preferredBatchSizes: options.preferredBatchSizes ?? [],
      intraOpThreads: options.intraOpThreads ?? 1,
      warmUpRuns: 1,
      labels: {},
      maxSequences: options.maxSequences ?? 1000,
      sequenceIdleMs: options.sequenceIdleMs ?? 60_000,
      mayHaveLost: options.mayHaveLost ?? false,
    };
  }

  /** Writes a model file and starts a runner for it. */
  async start(model: Uint8Array | string, options: SpecOptions = {}): Promise<Runner> {
    return await this.engine.start(await this.spec(model, options), NEVER);
  }

  payload(body: Uint8Array | string): Payload {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    using writer = this.arena.open(bytes.length);
    writer.write(bytes);
    return writer.finish();
  }

  /** Sends one request; its body is given back when the answer is there. */
  async run(runner: Pick<Runner, 'run'>, body: unknown, fields: RunFields = {}): Promise<RunReply> {
    using payload = this.payload(body instanceof Uint8Array ? body : JSON.stringify(body));
    return await runner.run(this.request(payload, fields));
  }

  /** A request that came just now and has time. */
  request(payload: Payload, { deadlineInMs = 60_000, ...rest }: RunFields = {}): RunRequest {
    const arrivedAtMs = systemClock.monotonicMs();
    return {
      headerLength: undefined,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      arrivedAtMs,
      deadlineMs: arrivedAtMs + deadlineInMs,
      priority: undefined,
      alone: false,
      signal: undefined,
      ...rest,
      payload,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    this.arena[Symbol.dispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface WireTensor {
  readonly name: string;
  readonly shape: number[];
  readonly datatype: string;
  readonly data: unknown[];
}

/** The JSON outputs of an answer, by name. */
export function outputsOf(reply: RunReply): Record<string, WireTensor> {
  const answer: { outputs: WireTensor[] } = JSON.parse(Buffer.from(reply.body).toString());
  return Object.fromEntries(answer.outputs.map((output) => [output.name, output]));
}
