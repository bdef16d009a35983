import type { RunnerExit } from '../ports/engine.ts';

/** How a runner ended unasked, for people. */
export function describeExit(exit: RunnerExit): string {
  if (exit.signal === null) return `exit code ${exit.code}${tail(exit)}`;
  if (exit.outOfMemory) return `the system ended it (${exit.signal}): it ran out of memory${tail(exit)}`;
  return `signal ${exit.signal}${tail(exit)}`;
}

/** How a runner ended that we killed because it gave no answer. */
export function describeHang(exit: RunnerExit): string {
  return `it gave no answer long past a deadline, and was killed${tail(exit)}`;
}

function tail(exit: RunnerExit): string {
  const text = exit.stderrTail.trim();
  return text === '' ? '' : `; it wrote: ${text}`;
}
