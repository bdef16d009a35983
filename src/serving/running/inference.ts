import { AppError, type ErrorCode } from '../../core/errors.ts';
import { DEFAULT_OPTIONS } from '../../core/model/options.ts';
import type { OnDemand } from '../lifecycle/on-demand.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { Counters } from '../overview/counters.ts';
import type { Clock } from '../ports/clock.ts';
import type { InferReply, InferRequest } from '../service.ts';
import { LateDisposal, waitUnlessAborted, waitUntil } from '../waiting.ts';
import { LoadQueue } from './load-queue.ts';

interface InferenceParts {
  readonly residency: Residency;
  readonly onDemand: OnDemand;
  readonly clock: Clock;
  readonly memory: ModelMemory;
  readonly counters: Counters;
  /** Deadline while the version, and so its own default, is not known yet. */
  readonly defaultTimeoutMs: number;
}

/** A request from its arrival to its answer. Every request comes through here: it allocates and waits as little as it can. */
export class Inference {
  readonly #parts: InferenceParts;
  /** By the default, as the version and so its own limit is not known yet. */
  readonly #loadQueue = new LoadQueue(DEFAULT_OPTIONS.maxQueueLength);

  constructor(parts: InferenceParts) {
    this.#parts = parts;
  }

  infer(request: InferRequest): Promise<InferReply> {
    const startedAt = this.#parts.clock.monotonicMs();
    this.#parts.counters.requests += 1;
    const resident = this.#parts.residency.find(request.modelId, request.version);
    if (resident === undefined || resident.state !== 'ready') return this.#obtain(request, startedAt);
    this.#parts.counters.cacheHits += 1;
    return this.#run(resident, request, startedAt);
  }

  /** Counts a request that came and did not get here. */
  refused(code: ErrorCode): void {
    this.#parts.counters.requests += 1;
    this.#parts.counters.fail(code);
  }

  /** The way round, for a version that is not ready. */
  async #obtain(request: InferRequest, startedAt: number): Promise<InferReply> {
    let resident: Resident;
    const claim = new LateDisposal();
    try {
      resident = await this.#loaded(request, startedAt, claim);
    } catch (error) {
      claim[Symbol.dispose]();
      const { counters, residency, clock } = this.#parts;
      counters.fail(codeOf(error));
      residency.find(request.modelId, request.version)?.statistics.refuse(codeOf(error), clock.epochMs());
      throw error;
    }
    // Its lease is there when this returns: nothing can have taken the version out of memory in between.
    const answer = this.#run(resident, request, startedAt);
    claim[Symbol.dispose]();
    return answer;
  }

  async #loaded(
    { modelId, version, timeoutMs, signal }: InferRequest,
    startedAt: number,
    claim: LateDisposal,
  ): Promise<Resident> {
    const { onDemand, residency, clock, defaultTimeoutMs } = this.#parts;
    const deadlineMs = startedAt + Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, defaultTimeoutMs);
    await this.#loadQueue.join(modelId, () => {
      const load = waitUnlessAborted(claim.of(onDemand.obtain(modelId, version)), signal);
      return waitUntil(load, clock, deadlineMs, 'the model was being loaded');
    });
    const found = residency.find(modelId, version);
    if (found !== undefined) return found;
    throw new AppError('not_ready', `Model "${modelId}" was unloaded meanwhile.`, { next: 'Load it.' });
  }

  async #run(resident: Resident, request: InferRequest, startedAt: number): Promise<InferReply> {
    const { clock, counters, memory } = this.#parts;
    const { statistics } = resident;
    statistics.begin(clock.epochMs());
    try {
      const lease = resident.lease();
      memory.touch(resident);
      try {
        const { options, supervisor } = lease.loaded;
        const reply = await supervisor.run({
          payload: request.payload,
          headerLength: request.headerLength,
          contentEncoding: request.contentEncoding,
          acceptEncoding: request.acceptEncoding,
          arrivedAtMs: startedAt,
          deadlineMs: startedAt + Math.min(request.timeoutMs ?? Number.POSITIVE_INFINITY, options.defaultTimeoutMs),
          priority: request.priority,
          alone: false,
          signal: request.signal,
        });
        statistics.succeed(clock.monotonicMs() - startedAt, reply);
        return {
          modelId: resident.modelId,
          version: resident.version,
          body: reply.body,
          headerLength: reply.headerLength,
          contentEncoding: reply.contentEncoding,
          timings: reply.timings,
          batchSize: reply.batchSize,
        };
      } finally {
        lease[Symbol.dispose]();
      }
    } catch (error) {
      counters.fail(codeOf(error));
      statistics.fail(codeOf(error));
      throw error;
    }
  }
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
