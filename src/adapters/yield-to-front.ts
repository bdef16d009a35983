import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A tenth of the front's weight: the front hardly ever waits, and all that it leaves is used. */
const NICENESS = 10;
/** Of what is loaded or prepared: nobody waits for it as for an answer. A seventh of the weight of a model that serves. */
const LOADING_NICENESS = 19;
/** Linux takes a change of a session's niceness ten times a second. */
const AGAIN_MS = 150;

/**
 * For a process that leads a session of its own: lets the front have the processor whenever it wants it. It needs
 * little, and everything waits for it; without this, models kept it waiting for 20 to 40 ms at a time (docs/adr/0005).
 * Threads that are started later inherit it, so it comes first.
 */
export function yieldToFront(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed.
  }
  setSessionNiceness('self', LOADING_NICENESS);
}

/**
 * For the thread that starts processes: they inherit its niceness, and so give way from their first instruction on. A
 * process that has to start before it can yield by itself takes some 30 ms of the processor until then. Only Linux has a
 * niceness for each thread.
 */
export function startProcessesThatYield(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed: they yield once they have started.
  }
}

/**
 * Where Linux shares the processor between sessions, niceness counts only inside of one; so the session has its own. For
 * one that has just been started, and until it serves.
 */
export function yieldSession(pid: number): void {
  setSessionNiceness(pid, LOADING_NICENESS);
}

/** The model is loaded: from now on its process gives way to the front alone. */
export function stopYieldingToModels(): void {
  if (setSessionNiceness('self', NICENESS)) return;
  setTimeout(() => setSessionNiceness('self', NICENESS), AGAIN_MS).unref();
}

function setSessionNiceness(pid: number | 'self', niceness: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
    return true;
  } catch {
    // Not Linux, gone already, too soon after another one, or shared out by control groups, where niceness counts as it is.
    return false;
  }
}
