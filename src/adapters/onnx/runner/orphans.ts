import type { RunnerRecord } from '../../../serving/ports/store.ts';
import { readStartTicks } from '../../process-memory.ts';

/**
 * Ends runners that outlived an earlier server. The start time tells them from other processes that have the same pid
 * by now. Answers how many there were.
 */
export async function reapOrphans(records: readonly RunnerRecord[]): Promise<number> {
  let reaped = 0;
  for (const { pid, startTicks } of records) {
    if ((await readStartTicks(pid)) !== startTicks) continue;
    try {
      process.kill(pid, 'SIGKILL');
      reaped += 1;
    } catch {
      // Ended meanwhile.
    }
  }
  return reaped;
}
