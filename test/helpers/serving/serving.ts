import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion, parseVersionSelector } from '../../../src/core/model/version.ts';
import type { ServingDependencies } from '../../../src/serving/dependencies.ts';
import { ModelServingManager } from '../../../src/serving/manager.ts';
import type { Logger } from '../../../src/serving/ports/logger.ts';
import type { ProbeFile } from '../../../src/serving/ports/probe-files.ts';
import type { InferReply, InferRequest, LoadRequest, LoadResult, UnloadResult } from '../../../src/serving/service.ts';
import { FakeCatalog, FakeSource } from './fake-catalog.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeComparer } from './fake-comparer.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakePayloads } from './fake-payloads.ts';
import { FakeStore } from './fake-store.ts';
import { inferRequest } from './infer-request.ts';

export const HANG_LIMIT_MS = 10_000;
export const MEMORY_WAIT_MS = 10_000;
export const LOAD_LIMIT_MS = 120_000;
export const DRAIN_LIMIT_MS = 20_000;

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A manager on fakes, with short ways to ask it for things. */
export class Serving implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly engine = new FakeEngine();
  readonly catalog = new FakeCatalog();
  readonly source = new FakeSource(this.catalog);
  readonly payloads = new FakePayloads();
  readonly comparer = new FakeComparer();
  readonly store: FakeStore;
  /** Golden probes by directory. */
  readonly probes = new Map<string, readonly ProbeFile[]>();
  readonly manager: ModelServingManager;

  constructor(overrides: Partial<ServingDependencies> = {}, store = new FakeStore()) {
    this.store = store;
    this.manager = new ModelServingManager({
      engine: this.engine,
      store,
      catalog: this.catalog,
      source: this.source,
      probes: { read: async (directory) => this.probes.get(directory) ?? [] },
      payloads: this.payloads,
      comparer: this.comparer,
      recordedRequestBytes: 1e6,
      clock: this.clock,
      logger: silentLogger,
      limits: { hangLimitMs: HANG_LIMIT_MS, drainTimeoutMs: DRAIN_LIMIT_MS, loadTimeoutMs: LOAD_LIMIT_MS },
      memory: { budgetBytes: 8e9, waitMs: MEMORY_WAIT_MS },
      processors: { count: 4, from: 'machine', intraOpThreads: undefined },
      parallelLoads: 3,
      loadOnDemand: true,
      required: [],
      machineBytes: 8e9,
      frontMemory: () => 90e6,
      serviceVersion: '0.1.0',
      ...overrides,
    });
  }

  load(
    modelId: string,
    version = 'latest',
    more: Partial<LoadRequest> = {},
    signal: AbortSignal = NEVER,
  ): Promise<LoadResult> {
    const request: LoadRequest = {
      modelId: parseModelId(modelId),
      version: parseVersionSelector(version),
      source: undefined,
      sha256: undefined,
      options: {},
      pinned: undefined,
      forceReload: false,
      wait: true,
      ...more,
    };
    return this.manager.load(request, signal);
  }

  unload(modelId: string, version?: string, signal: AbortSignal = NEVER): Promise<UnloadResult> {
    return this.manager.unload(
      parseModelId(modelId),
      version === undefined ? undefined : parseVersion(version),
      signal,
    );
  }

  /** As the HTTP side does it: the payload is given back once the answer is there. */
  async infer(
    modelId: string,
    version?: string,
    more: Partial<InferRequest> & { body?: string } = {},
  ): Promise<InferReply> {
    using payload = this.payloads.of(more.body ?? '{}');
    const named = version === undefined ? {} : { version: parseVersion(version) };
    return await this.manager.infer(inferRequest(modelId, payload, { ...named, ...more }));
  }

  /** The version as it is told of, if it is resident. */
  view(modelId: string, version: string) {
    return this.manager.residentVersions().find((each) => each.modelId === modelId && each.version === version);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What hangs in a test would be waited for up to the drain limit.
    const ended = this.manager[Symbol.asyncDispose]();
    this.engine.release();
    await this.clock.advance(DRAIN_LIMIT_MS);
    await ended;
  }
}

const NEVER = new AbortController().signal;

/** The code that a promise is refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'succeeded';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}
