import { Unexpected } from '../client.ts';
import { type Check, type Context, type Group, type Result, Skipped } from './check.ts';

interface Show {
  readonly group: (title: string) => void;
  readonly result: (result: Result) => void;
}

/**
 * Makes one check after the other. When one of the first group fails, it is no server to make the others on.
 * @throws what `signal` was aborted with
 */
export async function runChecks(groups: readonly Group[], context: Context, show: Show): Promise<readonly Result[]> {
  const results: Result[] = [];
  let isServer = true;
  for (const [index, { title, checks }] of groups.entries()) {
    show.group(title);
    for (const check of checks) {
      const result = isServer ? await resultOf(check, context) : skipped(check, 'the server can not be asked');
      results.push(result);
      show.result(result);
    }
    if (index === 0) isServer = results.every(({ verdict }) => verdict !== 'failed');
  }
  return results;
}

async function resultOf(check: Check, context: Context): Promise<Result> {
  const { subject, own, signal } = context;
  signal.throwIfAborted();
  if (check.needs === 'own' && own === undefined) return skipped(check, 'only on a server of its own (without --url)');
  if (check.needs !== undefined && !subject.isLoaded) return skipped(check, 'the model to try it on is not loaded');
  try {
    return { title: check.title, verdict: 'passed', words: await check.run(context) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Skipped) return skipped(check, error.message);
    return { title: check.title, verdict: 'failed', words: describe(error) };
  }
}

function skipped({ title }: Check, reason: string): Result {
  return { title, verdict: 'skipped', words: reason };
}

/** A finding of a check says enough; of a fault in a check the place counts. */
function describe(error: unknown): string {
  if (error instanceof Unexpected) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
