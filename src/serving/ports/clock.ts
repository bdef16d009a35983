/** Time as the use cases see it. Tests give a fake one. */
export interface Clock {
  /** Wall-clock milliseconds since 1970, for records that people read. */
  epochMs(): number;
  /** Monotonic milliseconds, comparable between processes of this machine. Deadlines are in it. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`, unless disposed of before. Does not keep the process alive. */
  after(delayMs: number, action: () => void): Disposable;
}
