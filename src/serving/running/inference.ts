import { AppError, type ErrorCode } from '../../core/errors.ts';
import { DEFAULT_OPTIONS } from '../../core/model/options.ts';
import type { OnDemand } from '../lifecycle/on-demand.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Counters } from '../overview/counters.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunReply } from '../ports/engine.ts';
import type { InferReply, InferRequest } from '../service.ts';
import { LateDisposal, waitUnlessAborted, waitUntil } from '../waiting.ts';
import { LoadQueue } from './load-queue.ts';
import type { OnLost } from './loss.ts';
import { codeOf, type VersionRuns } from './version-runs.ts';

interface InferenceParts {
  readonly residency: Residency;
  readonly onDemand: OnDemand;
  readonly clock: Clock;
  readonly runs: VersionRuns;
  readonly updates: LiveUpdates;
  readonly counters: Counters;
  /** Deadline while the version, and so its own default, is not known yet. */
  readonly defaultTimeoutMs: number;
}

/** An update as far as requests are concerned: it draws who answers. */
export interface LiveUpdate {
  /** Rejects with AppError, as `ModelServing.infer` does. */
  infer(request: InferRequest, startedAt: number): Promise<InferReply>;
}

export interface LiveUpdates {
  /** The update that a request is to go through: where it names no version, and its model's traffic is being split. */
  of(request: InferRequest): LiveUpdate | undefined;
  /** To be told of a version's crashes under requests that were not drawn, or undefined where nobody asks. */
  watch(resident: Resident): OnLost | undefined;
  /** A version that takes part in no update has answered: an update to come may want to know the request. */
  noteAnswered(request: InferRequest): void;
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
    const update = this.#parts.updates.of(request);
    if (update !== undefined) return this.#split(update, request, startedAt);
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
      const load = waitUnlessAborted(claim.of(onDemand.obtain(modelId, version, () => !claim.isOver)), signal);
      return waitUntil(load, clock, deadlineMs, 'the model was being loaded');
    });
    const found = residency.find(modelId, version);
    if (found !== undefined) return found;
    throw new AppError('not_ready', `Model "${modelId}" was unloaded meanwhile.`, { next: 'Load it.' });
  }

  async #split(update: LiveUpdate, request: InferRequest, startedAt: number): Promise<InferReply> {
    this.#parts.counters.cacheHits += 1;
    try {
      return await update.infer(request, startedAt);
    } catch (error) {
      this.#parts.counters.fail(codeOf(error));
      throw error;
    }
  }

  async #run(resident: Resident, request: InferRequest, startedAt: number): Promise<InferReply> {
    const { updates, runs, counters } = this.#parts;
    try {
      const onLost = updates.watch(resident);
      const reply = await runs.run(resident, request, { startedAt, ...(onLost === undefined ? {} : { onLost }) });
      updates.noteAnswered(request);
      return replyOf(resident, reply);
    } catch (error) {
      counters.fail(codeOf(error));
      throw error;
    }
  }
}

export function replyOf({ modelId, version }: Resident, reply: RunReply): InferReply {
  return { modelId, version, ...reply };
}
