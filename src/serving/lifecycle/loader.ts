import { AppError } from '../../core/errors.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { HealthChecker } from '../health/health-checker.ts';
import type { Counters } from '../overview/counters.ts';
import type { LoadProgress } from '../overview/views.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { PreparedModel, Runner, RunnerSpec } from '../ports/engine.ts';
import { restartLimitMs, startWithin } from '../running/start-within.ts';
import { Supervisor } from '../running/supervisor.ts';
import { effectiveOptions } from './load-options.ts';
import type { Loaded, Resident } from './resident.ts';

/** Where the files of a version come from. */
export type LoadPlan =
  | { readonly kind: 'catalog'; readonly files: CatalogVersion }
  | { readonly kind: 'source'; readonly source: string; readonly sha256: string | undefined };

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

  /** Where it fails, it leaves no runner and no fetched file behind. The instance's state is the caller's to change. */
  async load(resident: Resident, plan: LoadPlan, signal: AbortSignal): Promise<Loaded> {
    try {
      const files = plan.kind === 'catalog' ? plan.files : await this.#fetch(resident, plan, signal);
      signal.throwIfAborted();
      return await this.#bringUp(resident, files, signal);
    } catch (error) {
      if (plan.kind === 'source') await this.#discard(resident);
      // An aborted load failed for the reason it was aborted for, however the interrupted part put it.
      throw signal.aborted ? signal.reason : error;
    }
  }

  #fetch(resident: Resident, plan: LoadPlan & { kind: 'source' }, signal: AbortSignal): Promise<CatalogVersion> {
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

  /** Takes back what `load` gave, for a load that was cancelled at the last moment. */
  async undo(resident: Resident, plan: LoadPlan, loaded: Loaded): Promise<void> {
    await loaded.supervisor.stop();
    if (plan.kind === 'source') await this.#discard(resident);
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
