import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A tenth of the front's weight: the front hardly ever waits, and all that it leaves is used. */
const NICENESS = 10;

/**
 * For a process that leads a session of its own: lets the front have the processor whenever it wants it. It needs
 * little, and everything waits for it; without this, models kept it waiting for 20 to 40 ms at a time (docs/adr/0005).
 * Threads that are started later inherit it, so it comes first.
 */
export function yieldToFront(): void {
  try {
    setPriority(NICENESS);
    // Where Linux shares the processor between sessions, niceness counts only inside of one; so the session has its own.
    writeFileSync('/proc/self/autogroup', String(NICENESS));
  } catch {
    // Not Linux, not allowed, or shared out by control groups, where niceness counts as it is.
  }
}
