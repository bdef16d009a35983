import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunReply } from '../ports/engine.ts';
import type { InferRequest } from '../service.ts';
import type { OnLost } from './loss.ts';

interface VersionRunParts {
  readonly memory: Pick<ModelMemory, 'touch'>;
  readonly clock: Clock;
}

/** How a request is to be run; what is left out is as for any request. */
export interface RunManner {
  /** When the server had it, on the monotonic clock. */
  readonly startedAt: number;
  /** On the monotonic clock. Undefined: the request's own deadline. */
  readonly deadlineMs?: number;
  /** From when its latency counts, on the monotonic clock. Undefined: from when the server had it. */
  readonly countedFromMs?: number;
  readonly alone?: boolean;
  readonly observe?: boolean;
  /** It runs from the initial state and keeps nothing, also where it is part of a sequence. */
  readonly detached?: boolean;
  readonly onBegan?: () => void;
  readonly onLost?: OnLost;
}

/** One run of a request on one version, with everything that has to be noted of it. */
export class VersionRuns {
  readonly #parts: VersionRunParts;

  constructor(parts: VersionRunParts) {
    this.#parts = parts;
  }

  /** When a request to this version has to be answered, on the monotonic clock. */
  deadlineOf(resident: Resident, request: InferRequest, startedAt: number): number {
    const most = resident.loaded?.options.defaultTimeoutMs ?? Number.POSITIVE_INFINITY;
    return startedAt + Math.min(request.timeoutMs ?? Number.POSITIVE_INFINITY, most);
  }

  /** Rejects with what the supervisor rejects with, and `not_ready`. The failure is in the version's statistics. */
  async run(resident: Resident, request: InferRequest, manner: RunManner): Promise<RunReply> {
    const { clock, memory } = this.#parts;
    const { statistics } = resident;
    statistics.begin(clock.epochMs());
    try {
      const lease = resident.lease();
      memory.touch(resident);
      try {
        const { startedAt } = manner;
        const reply = await lease.loaded.supervisor.run(
          {
            payload: request.payload,
            headerLength: request.headerLength,
            contentEncoding: request.contentEncoding,
            acceptEncoding: request.acceptEncoding,
            arrivedAtMs: startedAt,
            deadlineMs: manner.deadlineMs ?? this.deadlineOf(resident, request, startedAt),
            priority: request.priority,
            alone: manner.alone ?? false,
            signal: request.signal,
            ...(manner.observe === undefined ? {} : { observe: manner.observe }),
            ...(manner.detached === undefined ? {} : { detached: manner.detached }),
            ...(manner.onBegan === undefined ? {} : { onBegan: manner.onBegan }),
          },
          manner.onLost,
        );
        statistics.succeed(clock.monotonicMs() - (manner.countedFromMs ?? startedAt), reply);
        return reply;
      } finally {
        lease[Symbol.dispose]();
      }
    } catch (error) {
      statistics.fail(codeOf(error));
      throw error;
    }
  }
}

export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
