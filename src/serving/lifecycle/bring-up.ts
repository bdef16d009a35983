import { AppError } from '../../core/errors.ts';
import { type ModelOptions, refuseContradiction } from '../../core/model/options.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { HealthChecker } from '../health/health-checker.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { Counters } from '../overview/counters.ts';
import type { LoadProgress } from '../overview/views.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { PreparedModel, Runner } from '../ports/engine.ts';
import type { FreshRunner } from '../running/instance.ts';
import { restartLimitMs, startAllWithin } from '../running/start-within.ts';
import { type LostRunner, Supervisor, type VersionSpec } from '../running/supervisor.ts';
import type { ThreadShare, ThreadShares } from '../running/thread-shares.ts';
import type { Turns } from '../turns.ts';
import { refuseInstances, withDeclaredState } from './declared-state.ts';
import type { DesiredState } from './desired-state.ts';
import { effectiveOptions } from './load-options.ts';
import type { Loaded, Resident } from './resident.ts';

interface BringUpParts {
  readonly dependencies: ServingDependencies;
  readonly health: HealthChecker;
  readonly memory: ModelMemory;
  /** Loads at once. More would hold memory that others could answer from, and take as long all together. */
  readonly turns: Turns;
  readonly threads: ThreadShares;
  readonly counters: Counters;
  readonly desired: Pick<DesiredState, 'ofModel'>;
}

/** From files on disk to a version that can answer: prepare, find memory for it, start, probe, measure. */
export class BringUp {
  readonly #parts: BringUpParts;

  constructor(parts: BringUpParts) {
    this.#parts = parts;
  }

  /** Where it fails, no runner is left, and no memory is held. */
  async perform(resident: Resident, files: CatalogVersion, signal: AbortSignal): Promise<Loaded> {
    const { dependencies, memory, turns } = this.#parts;
    const { engine, clock, limits } = dependencies;
    resident.progress = at('waiting');
    let turn = await turns.take(signal);
    using _last = { [Symbol.dispose]: () => turn[Symbol.dispose]() };
    // Whoever waits for memory lets others load what fits.
    const standBack = async (wait: () => Promise<void>): Promise<void> => {
      turn[Symbol.dispose]();
      await wait();
      turn = await turns.take(signal);
    };
    const startedAt = clock.monotonicMs();
    const options = effectiveOptions(files.manifest, resident.settings.options, limits.defaultTimeoutMs);
    refuseContradiction(options);
    resident.progress = at('preparing');
    const file = await engine.prepare(files.modelPath, signal, { shareWeights: options.shareWeights });
    const prepared = withDeclaredState(file, files.manifest);
    refuseInstances(prepared, options);
    resident.progress = at('waiting');
    await memory.admit(resident, prepared, options, { signal, standBack });
    try {
      const supervisor = await this.#start(resident, files, { prepared, options }, signal);
      const loadTimeMs = clock.monotonicMs() - startedAt;
      return { files, prepared, options, supervisor, loadedAt: clock.epochMs(), loadTimeMs };
    } catch (error) {
      memory.release(resident);
      throw error;
    }
  }

  /** Takes back what `perform` gave. */
  async undo(resident: Resident, { supervisor }: Loaded): Promise<void> {
    await supervisor.stop();
    this.#parts.memory.release(resident);
  }

  async #start(
    resident: Resident,
    files: CatalogVersion,
    { prepared, options }: Pick<Loaded, 'prepared' | 'options'>,
    signal: AbortSignal,
  ): Promise<Supervisor> {
    const { memory } = this.#parts;
    resident.progress = at('starting');
    const supervisor = await this.#startRunners(resident, files, { prepared, options }, signal);
    try {
      await this.#probe(resident, files, supervisor, signal);
      await memory.settle(resident, { supervisor, prepared, options });
      signal.throwIfAborted();
      if (supervisor.failure === undefined) return supervisor;
      throw new AppError('model_unloadable', `${resident.label}: ${supervisor.failure}`);
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
  }

  async #startRunners(
    resident: Resident,
    files: CatalogVersion,
    { prepared, options }: Pick<Loaded, 'prepared' | 'options'>,
    signal: AbortSignal,
  ): Promise<Supervisor> {
    const { dependencies, threads, desired } = this.#parts;
    const { instances, intraOpThreads } = options;
    const share = threads.take(resident.modelId, instances, intraOpThreads);
    try {
      // A version of the model was here before, in this start of the server or an earlier one.
      const mayHaveLost = desired.ofModel(resident.modelId).length > 0;
      const spec = { ...versionSpec(resident, files, prepared, options), mayHaveLost };
      const specs = Array.from({ length: instances }, () => ({ ...spec, intraOpThreads: share.threads() }));
      const runners = await startAllWithin(dependencies, specs, dependencies.limits.loadTimeoutMs, signal);
      return this.#supervise(resident, { spec, threads: share, options, runners });
    } catch (error) {
      share[Symbol.dispose]();
      throw error;
    }
  }

  async #probe(resident: Resident, files: CatalogVersion, supervisor: Supervisor, signal: AbortSignal): Promise<void> {
    resident.progress = at('warming_up');
    const subject = { label: resident.label, supervisor, probesDir: files.probesDir };
    resident.health = await this.#parts.health.checkBeforeReady(subject, signal);
  }

  #supervise(resident: Resident, { spec, threads, options, runners }: Started): Supervisor {
    const { engine, clock, logger, limits } = this.#parts.dependencies;
    const slowestMs = Math.max(...runners.map(({ startMs }) => startMs));
    return new Supervisor(
      { engine, clock, logger, hangLimitMs: limits.hangLimitMs },
      {
        spec,
        threads,
        startLimitMs: restartLimitMs(slowestMs, limits.loadTimeoutMs),
        maxQueueLength: options.maxQueueLength,
        onLost: (lost) => noteLoss(resident, lost),
        onFresh: (why) => this.#noteFresh(resident, why),
        onFailed: (reason) => this.#noteFailure(resident, reason),
      },
      runners,
    );
  }

  #noteFresh(resident: Resident, why: FreshRunner): void {
    const { counters, memory } = this.#parts;
    if (why === 'restarted') {
      resident.statistics.restarts += 1;
      counters.runnerRestarts += 1;
    }
    if (resident.loaded !== undefined) void memory.measure(resident, resident.loaded);
    if (why === 'restarted') resident.onAvailability?.('ready', 'its runner was started again');
  }

  #noteFailure(resident: Resident, reason: string): void {
    // Before it is ready, the load itself fails.
    if (resident.loaded === undefined) return;
    this.#parts.dependencies.logger.error({ model: resident.label, reason }, 'model version failed');
    resident.fail('crash_looped', reason);
    this.#parts.memory.release(resident);
    resident.onAvailability?.('failed', reason);
  }
}

/** Runners of a version that are there, and what the next ones are started with. */
interface Started {
  readonly spec: VersionSpec;
  readonly threads: ThreadShare;
  readonly options: ModelOptions;
  readonly runners: readonly Runner[];
}

function noteLoss(resident: Resident, { reason, crash, hasOthers }: LostRunner): void {
  resident.onAvailability?.(hasOthers ? 'crashed' : 'lost', reason, crash);
}

function at(phase: LoadProgress['phase']): LoadProgress {
  return { phase, bytesDone: undefined, bytesTotal: undefined };
}

function versionSpec(
  resident: Resident,
  files: CatalogVersion,
  prepared: PreparedModel,
  options: ModelOptions,
): Omit<VersionSpec, 'mayHaveLost'> {
  return {
    modelId: resident.modelId,
    version: resident.version,
    prepared,
    maxBatchSize: options.maxBatchSize,
    maxQueueDelayUs: options.maxQueueDelayUs,
    preferredBatchSizes: options.preferredBatchSizes,
    warmUpRuns: options.warmUpRuns,
    labels: { ...prepared.inspection.labels, ...files.manifest.labels },
    maxSequences: options.maxSequences,
    sequenceIdleMs: options.sequenceIdleMs,
  };
}
