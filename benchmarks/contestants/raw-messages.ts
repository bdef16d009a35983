/** What the process of raw runs is asked over its channel, and answers. */
export interface RawQuestion {
  readonly modelId: string;
  readonly batch: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface RawAnswer {
  /** Rows per second: runs times batch. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
