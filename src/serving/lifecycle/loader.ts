import { AppError } from '../../core/errors.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { HealthChecker } from '../health/health-checker.ts';
import type { Counters } from '../overview/counters.ts';
import type { LoadProgress } from '../overview/views.ts';
import type { CatalogVersion, Fetched } from '../ports/catalog.ts';
import type { PreparedModel, Runner, RunnerSpec } from '../ports/engine.ts';
import { restartLimitMs, startWithin } from '../running/start-within.ts';
import { Supervisor } from '../running/supervisor.ts';
import { effectiveOptions } from './load-options.ts';
import type { Loaded, Resident } from './resident.ts';

/** Where the files of a version come from. */
export type LoadPlan =
  | { readonly kind: 'catalog'; readonly files: CatalogVersion }
  | { readonly kind: 'source'; readonly source: string; readonly sha256: string | undefined };

/** What a load gave. */
export interface LoadOutcome {
  readonly loaded: Loaded;
  /** Takes it back, for a load that was cancelled at the last moment. */
  undo(): Promise<void>;
}

/** Does the work of a load: fetch, prepare, start, probe. */
export class Loader {
  readonly #dependencies: ServingDependencies;
  readonly #health: HealthChecker;
  readonly #counters: Counters;

  constructor(dependencies: ServingDependencies, health: HealthChecker, counters: Counters) {
    this.#dependencies = dependencies;
    this.#health = health;
    this.#counters = counters;
  }

  /**
   * Where it fails, it leaves no runner behind, and no file that it brought itself. The instance's state is the caller's
   * to change.
   */
  async load(resident: Resident, plan: LoadPlan, signal: AbortSignal): Promise<LoadOutcome> {
    let isOurs = false;
    // What was there before, or what somebody else put there, is not this load's to remove.
    const discard = async () => {
      if (isOurs) await this.#discard(resident);
    };
    try {
      const { files, placed } =
        plan.kind === 'source' ? await this.#fetch(resident, plan, signal) : { files: plan.files, placed: false };
      isOurs = placed;
      const loaded = await this.#bringUp(resident, files, signal);
      const undo = async () => {
        await loaded.supervisor.stop();
        await discard();
      };
      return { loaded, undo };
    } catch (error) {
      await discard();
      // An aborted load failed for the reason it was aborted for, however the interrupted part put it.
      throw signal.aborted ? signal.reason : error;
    }
  }

  #fetch(resident: Resident, plan: LoadPlan & { kind: 'source' }, signal: AbortSignal): Promise<Fetched> {
    resident.progress = at('fetching');
    return this.#dependencies.source.fetch({
      modelId: resident.modelId,
      version: resident.version,
      source: plan.source,
      sha256: plan.sha256,
      signal,
      onProgress: (done) => {
        resident.progress = { phase: 'fetching', ...done };
      },
    });
  }

  async #discard(resident: Resident): Promise<void> {
    try {
      await this.#dependencies.source.discard(resident.modelId, resident.version);
    } catch (error) {
      this.#dependencies.logger.error(
        { model: resident.label, err: error },
        'could not remove the files of a failed load',
      );
    }
  }

  async #bringUp(resident: Resident, files: CatalogVersion, signal: AbortSignal): Promise<Loaded> {
    const { engine, clock } = this.#dependencies;
    signal.throwIfAborted();
    const startedAt = clock.monotonicMs();
    const options = effectiveOptions(
      files.manifest,
      resident.settings.options,
      this.#dependencies.limits.defaultTimeoutMs,
    );
    resident.progress = at('preparing');
    const prepared = await engine.prepare(files.modelPath, signal);
    signal.throwIfAborted();
    resident.progress = at('starting');
    const spec = runnerSpec(resident, files, prepared, options);
    const runner = await startWithin(this.#dependencies, spec, this.#dependencies.limits.loadTimeoutMs, signal);
    const supervisor = this.#supervise(resident, spec, options, runner);
    try {
      resident.progress = at('warming_up');
      resident.health = await this.#health.checkBeforeReady(
        { label: resident.label, supervisor, probesDir: files.probesDir },
        signal,
      );
      resident.footprint = await supervisor.runner?.footprint();
      signal.throwIfAborted();
      if (supervisor.failure !== undefined)
        throw new AppError('model_unloadable', `${resident.label}: ${supervisor.failure}`);
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    const loadTimeMs = clock.monotonicMs() - startedAt;
    return { files, prepared, options, supervisor, loadedAt: clock.epochMs(), loadTimeMs };
  }

  #supervise(resident: Resident, spec: RunnerSpec, options: ModelOptions, runner: Runner): Supervisor {
    const { engine, clock, logger, limits } = this.#dependencies;
    return new Supervisor(
      { engine, clock, logger, hangLimitMs: limits.hangLimitMs },
      {
        spec,
        startLimitMs: restartLimitMs(runner.startMs, limits.loadTimeoutMs),
        maxQueueLength: options.maxQueueLength,
        onRestarted: () => {
          resident.statistics.restarts += 1;
          this.#counters.runnerRestarts += 1;
        },
        onFailed: (reason) => {
          // Before it is ready, the load itself fails.
          if (resident.loaded === undefined) return;
          logger.error({ model: resident.label, reason }, 'model version failed');
          resident.fail('crash_looped', reason);
        },
      },
      runner,
    );
  }
}

function at(phase: LoadProgress['phase']): LoadProgress {
  return { phase, bytesDone: undefined, bytesTotal: undefined };
}

function runnerSpec(
  resident: Resident,
  files: CatalogVersion,
  prepared: PreparedModel,
  options: ModelOptions,
): RunnerSpec {
  return {
    modelId: resident.modelId,
    version: resident.version,
    prepared,
    maxBatchSize: options.maxBatchSize,
    intraOpThreads: options.intraOpThreads,
    warmUpRuns: options.warmUpRuns,
    labels: { ...prepared.inspection.labels, ...files.manifest.labels },
  };
}
