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
}
