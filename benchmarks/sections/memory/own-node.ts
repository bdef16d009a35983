import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../../context.ts';

/**
 * A copy of node for the servers alone. Pages of one file that several processes map are divided among them: of the
 * 44 MB of node's own, the benchmark's process would bear a part, and a server would seem to grow when it starts another.
 */
export function copyOfNode({ scratch }: BenchContext): string {
  const copy = join(scratch, 'node');
  copyFileSync(process.execPath, copy);
  return copy;
}
