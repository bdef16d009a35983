import { Unexpected } from '../client.ts';
import type { Stage, Step } from './step.ts';

/**
 * Plays one step after the other.
 * @throws Unexpected that names the step that failed, and has the last lines of the server's log
 */
export async function play(steps: readonly Step[], stage: Stage, signal: AbortSignal): Promise<void> {
  for (const [index, step] of steps.entries()) {
    signal.throwIfAborted();
    stage.screen.section(index + 1, step.title, step.why);
    try {
      await step.play(stage);
    } catch (error) {
      signal.throwIfAborted();
      throw failed(`step ${index + 1}, "${step.title}"`, error, stage.server.log);
    }
  }
}

function failed(what: string, error: unknown, log: string): Unexpected {
  const lines = [`${what}: ${describe(error)}`];
  if (log !== '') lines.push('The server had logged:', log);
  return new Unexpected(lines.join('\n'), { cause: error });
}

/** A failure of the demo's own says enough; of anything else the place counts. */
function describe(error: unknown): string {
  if (error instanceof Unexpected) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
