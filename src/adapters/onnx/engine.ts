import { AppError } from '../../core/errors.ts';
import {
  type Engine,
  type PreparedModel,
  type PrepareOptions,
  type Runner,
  RunnerLost,
  type RunnerSpec,
} from '../../serving/ports/engine.ts';
import type { Logger } from '../../serving/ports/logger.ts';
import type { RunnerRecord } from '../../serving/ports/store.ts';
import { systemClock } from '../clock.ts';
import { readStartTicks } from '../process-memory.ts';
import { prepare, removeAbandoned } from './model-file/prepare.ts';
import type { Arena } from './runner/arena.ts';
import type { StartMessage } from './runner/messages.ts';
import { OomKills } from './runner/oom-kills.ts';
import { ResponseArena } from './runner/response-arena.ts';
import { RunnerProcess } from './runner/runner-process.ts';
import { runnerProgram } from './runner/runner-program.ts';
import { RUNTIME_VERSION } from './runtime-version.ts';
import { parentDeathCommand } from './spawner/parent-death-command.ts';
import { Spawner } from './spawner/spawner.ts';

export interface OnnxEngineOptions {
  readonly arena: Arena;
  /** Directory for response arenas. */
  readonly arenaDir: string;
  /** Where rewritten models are kept, by digest. */
  readonly rewriteDir: string;
  readonly logger: Logger;
  /** Told of every runner, so that one that outlives the server can be found by the next. */
  readonly onStarted: (runner: RunnerRecord) => void;
  readonly onEnded: (pid: number) => void;
}

/**
 * Proportional set size of a runner with a model of a few bytes: some 20 MB of its own, and its share of node's and the
 * runtime's code, which is largest for the first.
 */
const RUNNER_BASE_BYTES = 66_000_000;

/** onnxruntime, one process per loaded model. */
export class OnnxEngine implements Engine {
  readonly name = 'onnxruntime';
  readonly version = RUNTIME_VERSION;
  readonly runnerBaseBytes = RUNNER_BASE_BYTES;
  readonly #options: OnnxEngineOptions;
  readonly #runners = new Set<RunnerProcess>();
  readonly #oomKills = new OomKills();
  readonly #prefix = parentDeathCommand();
  readonly #spawner: Spawner;

  constructor(options: OnnxEngineOptions) {
    this.#options = options;
    this.#spawner = new Spawner((reason) => options.logger.error({ reason }, 'every model has to be started again'));
    if (process.platform === 'linux' && this.#prefix.length === 0) {
      const message = 'no setpriv with --pdeathsig: a model that is busy when the server is killed outlives it';
      options.logger.warn({}, message);
    }
  }

  /** Removes what a server that was killed left of its preparations. Once, before the first of this server's own. */
  removeAbandoned(): Promise<void> {
    return removeAbandoned(this.#options.rewriteDir);
  }

  sharedBytes(): number {
    let bytes = this.#options.arena.allocatedBytes;
    for (const runner of this.#runners) bytes += runner.arenaBytes;
    return bytes;
  }

  prepare(modelPath: string, signal: AbortSignal, options?: PrepareOptions): Promise<PreparedModel> {
    const { rewriteDir } = this.#options;
    return prepare(modelPath, { ...options, rewriteDir, prefix: this.#prefix, spawner: this.#spawner, signal });
  }

  async start(spec: RunnerSpec, signal: AbortSignal): Promise<Runner> {
    signal.throwIfAborted();
    const beganAtMs = systemClock.monotonicMs();
    const runner = await this.#spawn(spec);
    const kill = () => runner.kill();
    signal.addEventListener('abort', kill, { once: true });
    try {
      // Meanwhile, with nobody to hear of it.
      if (signal.aborted) kill();
      const outcome = await runner.started();
      if ('failed' in outcome) {
        throw new AppError('model_unloadable', `onnxruntime can not load the model: ${outcome.failed.message}`);
      }
      runner.signature = outcome.ready.signature;
      runner.rowsDepend = outcome.ready.rowsDepend;
      runner.startMs = systemClock.monotonicMs() - beganAtMs;
      return runner;
    } catch (error) {
      await runner[Symbol.asyncDispose]();
      if (signal.aborted) throw new AppError('request_cancelled', 'The load was cancelled.', { cause: error });
      throw error instanceof RunnerLost ? crashedWhileLoading(error) : error;
    } finally {
      signal.removeEventListener('abort', kill);
    }
  }

  async #spawn(spec: RunnerSpec): Promise<RunnerProcess> {
    const { arena, arenaDir } = this.#options;
    const responses = new ResponseArena(arenaDir);
    try {
      const program = runnerProgram(arena.readOnlyFd, responses.fd, this.#prefix);
      const spawned = await this.#spawner.startConnected(program);
      const runner = new RunnerProcess(spawned, responses, this.#startMessage(spec), this.#oomKills);
      this.#record(runner);
      return runner;
    } catch (error) {
      responses[Symbol.dispose]();
      throw error;
    }
  }

  #startMessage({
    prepared,
    modelId,
    version,
    maxBatchSize,
    maxQueueDelayUs,
    preferredBatchSizes,
    intraOpThreads,
    warmUpRuns,
    labels,
    maxSequences,
    sequenceIdleMs,
    mayHaveLost,
  }: RunnerSpec): StartMessage {
    return {
      modelPath: prepared.path,
      modelId,
      version,
      maxBatchSize,
      maxQueueDelayUs,
      preferredBatchSizes,
      intraOpThreads,
      warmUpRuns,
      labels,
      maxBodyBytes: this.#options.arena.maxBodyBytes,
      sharedFiles: prepared.sharedFiles,
      state: prepared.state ?? [],
      maxSequences,
      sequenceIdleMs,
      mayHaveLost,
    };
  }

  #record(runner: RunnerProcess): void {
    const { onStarted, onEnded } = this.#options;
    this.#runners.add(runner);
    void readStartTicks(runner.pid).then((startTicks) => {
      if (startTicks !== undefined) onStarted({ pid: runner.pid, startTicks });
    });
    void runner.exited.then(() => {
      this.#runners.delete(runner);
      onEnded(runner.pid);
    });
  }

  /** Ends every process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#runners].map((runner) => runner[Symbol.asyncDispose]()));
    // Only then: a runner that its thread took along would not have been ended on purpose.
    await this.#spawner[Symbol.asyncDispose]();
  }
}

function crashedWhileLoading({ exit, message }: RunnerLost): AppError {
  const tail = exit.stderrTail === '' ? '' : ` Its last words: ${exit.stderrTail}`;
  return new AppError('model_unloadable', `The model can not be loaded: ${message} while loading it.${tail}`, {
    details: { signal: exit.signal, exit_code: exit.code },
  });
}
