import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A tenth of the front's weight: enough that it never waits for more than a tick, and all that it leaves is used. */
const NICENESS = 10;

/**
 * Lets the front have the processor whenever it wants it: it needs little, and everything waits for it. Without this,
 * one core's worth of runner threads kept the front waiting for 20 to 35 ms at a time (docs/adr/0005).
 * Threads that are started later inherit it, so it comes first.
 */
export function yieldToFront(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed here: fair shares, then.
  }
}

/**
 * The same for a process that leads a session. Where Linux groups tasks by session (autogroup), niceness counts only
 * inside of the group, and the group has one of its own.
 */
export function yieldSessionToFront(): void {
  yieldToFront();
  try {
    writeFileSync('/proc/self/autogroup', String(NICENESS));
  } catch {
    // Not Linux, or grouped otherwise: by control groups, niceness counts as it is.
  }
}
