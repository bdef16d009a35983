/** A process to start. */
export interface Program {
  readonly command: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined: this process's own. */
  readonly cwd: string | undefined;
  readonly stdout: 'ignore' | 'pipe';
  /**
   * This process's descriptors that it inherits, after the standard ones and the control socket, if it has one. They
   * must stay open until it has started.
   */
  readonly descriptors: readonly number[];
}

/** Where two threads meet to share a connection, and what tells the one from strangers. */
export interface MeetingPlace {
  readonly path: string;
  readonly token: Uint8Array;
}

/** To the spawner's thread. */
export type SpawnerRequest =
  | { readonly kind: 'start'; readonly id: number; readonly program: Program; readonly control?: MeetingPlace }
  | { readonly kind: 'kill'; readonly id: number };

/** How a process ended. All that it wrote has been read. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Empty where it was not asked for. */
  readonly stdout: string;
  readonly stderrTail: string;
}

/** From the spawner's thread: one `started` and then one `closed` for each process, or one `failed`. */
export type SpawnerReply =
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'closed'; readonly id: number; readonly end: ChildEnd };
