import type { Register } from '../../../core/rollout/evidence/register.ts';
import { seededRequest } from '../../health/seeded-request.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import { type RecordedRequest, type RecordedRequests, recordedRequest } from './recorded-requests.ts';

export interface PairInput {
  readonly kind: 'recorded' | 'synthetic';
  readonly request: RecordedRequest;
}

interface InputParts {
  readonly modelId: string;
  readonly recorded: RecordedRequests;
  /** The version whose signature made-up requests have. */
  readonly old: () => Resident | undefined;
  /** Where the seeds of made-up requests begin: none comes again after a restart. */
  readonly firstSeed: number;
}

/** Inputs that both versions are given: recorded ones, then made-up ones. Each only once in an update. */
export class PairInputs {
  readonly #parts: InputParts;
  readonly #used = new Set<string>();
  /** Chosen out of the live traffic before anything was known of them. */
  readonly #mirrored: RecordedRequest[] = [];
  #seed: number;
  #again = 0;

  constructor(parts: InputParts) {
    this.#parts = parts;
    this.#seed = parts.firstSeed;
  }

  /** What earlier starts of the server have used. */
  exclude(used: Register<true>): void {
    for (const bucket of used.buckets) for (const [digest] of bucket) this.#used.add(digest);
  }

  /** Asked before a request is copied for it. */
  get hasRoom(): boolean {
    return this.#mirrored.length < MAX_MIRRORED;
  }

  mirror(request: RecordedRequest): void {
    if (this.hasRoom) this.#mirrored.push(request);
  }

  /** A request that was chosen out of the live traffic. */
  nextMirrored(): PairInput | undefined {
    for (let request = this.#mirrored.shift(); request !== undefined; request = this.#mirrored.shift()) {
      if (this.#take(request)) return { kind: 'recorded', request };
    }
    return undefined;
  }

  /** What was chosen and not used is not wanted any more. */
  forget(): void {
    this.#mirrored.length = 0;
  }

  /** Undefined where nothing is recorded any more and no request can be made up. */
  next(): PairInput | undefined {
    const { modelId, recorded } = this.#parts;
    for (const request of recorded.of(modelId)) if (this.#take(request)) return { kind: 'recorded', request };
    return this.#nextSynthetic();
  }

  /** A recorded one that was used before: it tells what the version does, and is no evidence. */
  again(): PairInput | undefined {
    const recorded = this.#parts.recorded.of(this.#parts.modelId);
    this.#again += 1;
    const request = recorded[this.#again % Math.max(1, recorded.length)];
    return request === undefined ? undefined : { kind: 'recorded', request };
  }

  /** For times an input may be used again: what it fails or not is not at stake. */
  forTimes(count: number): readonly RecordedRequest[] {
    const recorded = this.#parts.recorded.of(this.#parts.modelId).slice(0, count);
    const made = Array.from({ length: count - recorded.length }, () => this.#nextSynthetic()?.request);
    return [...recorded, ...made.filter((request) => request !== undefined)];
  }

  #nextSynthetic(): PairInput | undefined {
    const signature = this.#parts.old()?.loaded?.supervisor.runner?.signature;
    if (signature === undefined) return undefined;
    this.#seed += 1;
    const made = seededRequest(signature, this.#seed);
    if (made === undefined) return undefined;
    const request = recordedRequest(made.body, made.headerLength);
    this.#take(request);
    return { kind: 'synthetic', request };
  }

  #take({ digest }: RecordedRequest): boolean {
    if (this.#used.has(digest)) return false;
    this.#used.add(digest);
    return true;
  }
}

const MAX_MIRRORED = 64;
