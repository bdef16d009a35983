/** A version that should be resident after a restart, or that a person stopped. */
export interface DesiredVersion {
  readonly modelId: string;
  readonly version: string;
  /** `running`: load it at boot. `stopped`: a person unloaded it, do not load it on demand. */
  readonly state: 'running' | 'stopped';
  /** Whether it takes the model's unpinned traffic. */
  readonly serving: boolean;
  readonly pinned: boolean;
  /** The options that the load request gave, as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where the file came from, when a request named a source. */
  readonly source: string | undefined;
}

/** A runner process, so that the next start can end one that outlived its server. */
export interface RunnerRecord {
  readonly pid: number;
  /** Start time in clock ticks since boot (`/proc/PID/stat`, field 22): a pid alone can be somebody else's by now. */
  readonly startTicks: number;
}

/** What a model file was measured to use. */
export interface FootprintRecord {
  /** The model's digest. */
  readonly digest: string;
  /** The options that memory depends on, as one text. */
  readonly options: string;
  /** Proportional set size: what to reserve. */
  readonly footprintBytes: number;
  /** The most of it that was nobody else's. */
  readonly privateBytes: number;
  readonly peakBytes: number;
  /** Epoch milliseconds. */
  readonly measuredAt: number;
}

/** An update of a model. What happened to it is in its entries. */
export interface RolloutRecord {
  readonly id: string;
  readonly modelId: string;
  readonly oldVersion: string;
  readonly newVersion: string;
  /** What it is steered by, as JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds; undefined while it is under way. */
  readonly endedAt: number | undefined;
  /** What is needed to go on with it, as JSON; undefined where nothing was noted. */
  readonly progress: Readonly<Record<string, unknown>> | undefined;
}

/** An entry of a rollout's log. */
export interface RolloutEntryRecord {
  /** From 1 on, without a gap. */
  readonly sequence: number;
  /** The whole entry, as JSON. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/** State that survives a restart. Writes resolve once they are durable. */
export interface Store extends AsyncDisposable {
  listDesired(): Promise<readonly DesiredVersion[]>;
  /** One that serves takes that from the model's other versions, all at once. */
  putDesired(version: DesiredVersion): Promise<void>;
  deleteDesired(modelId: string, version: string): Promise<void>;
  listRunners(): Promise<readonly RunnerRecord[]>;
  addRunner(runner: RunnerRecord): Promise<void>;
  removeRunner(pid: number): Promise<void>;
  listFootprints(): Promise<readonly FootprintRecord[]>;
  putFootprint(footprint: FootprintRecord): Promise<void>;
  /** The oldest first. */
  listRollouts(): Promise<readonly RolloutRecord[]>;
  /** In the order of their numbers. */
  listRolloutEntries(rolloutId: string): Promise<readonly RolloutEntryRecord[]>;
  /** A new one with its first entry, both or neither. Of those of the model that have ended, the latest 50 stay. */
  createRollout(rollout: RolloutRecord, first: RolloutEntryRecord): Promise<void>;
  /**
   * Rejects, and changes nothing, unless the entry is the next one of its rollout.
   * @param endedAt where this entry ends it: what was noted of its progress is then not needed any more
   */
  appendRolloutEntry(rolloutId: string, entry: RolloutEntryRecord, endedAt: number | undefined): Promise<void>;
  /** Replaces what was noted. Nothing for a rollout that has ended. */
  putRolloutProgress(rolloutId: string, progress: Readonly<Record<string, unknown>>): Promise<void>;
  /** Notes that the server ends in order. */
  putCleanEnd(): Promise<void>;
  /** Whether the server that last had this state ended in order. Forgets it, so that it is told once. */
  takeCleanEnd(): Promise<boolean>;
}
