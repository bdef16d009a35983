import { AppError } from '../../../core/errors.ts';
import { yieldToFront } from '../../yield-to-front.ts';
import { type PrepareDirectories, type PrepareTask, prepareModel } from './prepare-model.ts';
import type { PrepareResult } from './prepare-result.ts';

/**
 * The preparing process: `node prepare-main.js MODEL_PATH REWRITE_DIR SCRATCH_DIR [share]`. Ends with 0 whenever it
 * could tell how it went.
 */
function main(): void {
  const [modelPath = '', rewriteDir = '', scratchDir = '', share] = process.argv.slice(2);
  const task = { shareWeights: share === 'share' };
  process.stdout.write(JSON.stringify(attempt(modelPath, { rewriteDir, scratchDir }, task)));
}

function attempt(modelPath: string, directories: PrepareDirectories, task: PrepareTask): PrepareResult {
  try {
    return { ok: true, prepared: prepareModel(modelPath, directories, task) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, next, details } = error;
    return { ok: false, code, message, next, details };
  }
}

yieldToFront();
main();
