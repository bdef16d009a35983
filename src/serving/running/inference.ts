import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { OnDemand } from '../lifecycle/on-demand.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Counters } from '../overview/counters.ts';
import type { Clock } from '../ports/clock.ts';
import type { InferReply, InferRequest } from '../service.ts';
import { waitUntil } from '../waiting.ts';

interface InferenceParts {
  readonly residency: Residency;
  readonly onDemand: OnDemand;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Deadline while the version, and so its own default, is not known yet. */
  readonly defaultTimeoutMs: number;
}

/** A request from its arrival to its answer. Every request comes through here: it allocates and waits as little as it can. */
export class Inference {
  readonly #parts: InferenceParts;

  constructor(parts: InferenceParts) {
    this.#parts = parts;
  }

  infer(request: InferRequest): Promise<InferReply> {
    const startedAt = this.#parts.clock.monotonicMs();
    this.#parts.counters.requests += 1;
    const resident = this.#parts.residency.find(request.modelId, request.version);
    if (resident !== undefined && resident.state === 'ready') return this.#run(resident, request, startedAt);
    return this.#obtain(request, startedAt);
  }

  /** The way round, for a version that is not ready. */
  async #obtain(request: InferRequest, startedAt: number): Promise<InferReply> {
    const { onDemand, residency, clock } = this.#parts;
    const { modelId, version } = request;
    let resident: Resident;
    try {
      const deadlineMs =
        startedAt + Math.min(request.timeoutMs ?? Number.POSITIVE_INFINITY, this.#parts.defaultTimeoutMs);
      await waitUntil(onDemand.obtain(modelId, version), clock, deadlineMs, 'the model was being loaded');
      const found = residency.find(modelId, version);
      if (found === undefined) {
        throw new AppError('not_ready', `Model "${modelId}" was unloaded meanwhile.`, { next: 'Load it.' });
      }
      resident = found;
    } catch (error) {
      this.#parts.counters.failedRequests += 1;
      throw error;
    }
    return this.#run(resident, request, startedAt);
  }

  async #run(resident: Resident, request: InferRequest, startedAt: number): Promise<InferReply> {
    const { clock, counters } = this.#parts;
    const { statistics } = resident;
    statistics.begin(clock.epochMs());
    try {
      const lease = resident.lease();
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
      counters.failedRequests += 1;
      statistics.fail(codeOf(error));
      throw error;
    }
  }
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
