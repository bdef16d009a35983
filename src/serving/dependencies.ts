import type { ModelId } from '../core/model/model-id.ts';
import type { Catalog, ModelSource } from './ports/catalog.ts';
import type { Clock } from './ports/clock.ts';
import type { AnswerComparer } from './ports/comparison.ts';
import type { Engine } from './ports/engine.ts';
import type { Logger } from './ports/logger.ts';
import type { PayloadStore } from './ports/payload.ts';
import type { ProbeFiles } from './ports/probe-files.ts';
import type { Store } from './ports/store.ts';

export interface ServingLimits {
  /** A request that is unanswered this long after its deadline gets its runner killed. */
  readonly hangLimitMs: number;
  /** How long a model may take from the start of its runner until it is ready. */
  readonly loadTimeoutMs: number;
  /** How long an unload waits for the requests in flight before it refuses them. */
  readonly drainTimeoutMs: number;
  /** Deadline of a request where neither it nor its version names one. */
  readonly defaultTimeoutMs?: number;
}

/** Where the number of processors comes from: the machine has no more, or the process may use no more of them. */
export type ProcessorsFrom = 'machine' | 'affinity' | 'cgroup';

export interface ProcessorSettings {
  /** That this process, and so each runner, may use. */
  readonly count: number;
  readonly from: ProcessorsFrom;
  /** Threads of each runner whose model says nothing else. Undefined: they are chosen. */
  readonly intraOpThreads: number | undefined;
}

/** What the manager is built from. It owns none of it: whoever made these closes them. */
export interface ServingDependencies {
  readonly engine: Engine;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly source: ModelSource;
  readonly probes: ProbeFiles;
  readonly payloads: PayloadStore;
  readonly comparer: AnswerComparer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ServingLimits;
  readonly memory: {
    /** Bytes that loaded models may use in all. */
    readonly budgetBytes: number;
    /** How long a load waits for busy versions to become idle. */
    readonly waitMs: number;
  };
  readonly processors: ProcessorSettings;
  /** Loads at once: about as many as there are processors. */
  readonly parallelLoads: number;
  /** Recent requests that are kept for updates, in bytes of all models; 0: none. */
  readonly recordedRequestBytes: number;
  /** Whether an inference loads a model that is on disk and not resident. */
  readonly loadOnDemand: boolean;
  /** Models without which the server takes no traffic. */
  readonly required: readonly ModelId[];
  /** What this machine (or its cgroup) has. */
  readonly machineBytes: number;
  /** The front's own resident size, in bytes. */
  readonly frontMemory: () => number;
  readonly serviceVersion: string;
}
