import { AppError } from '../../../core/errors.ts';
import { yieldToFront } from '../../yield-to-front.ts';
import { type PrepareDirectories, prepareModel } from './prepare-model.ts';
import type { PrepareResult } from './prepare-result.ts';

/** The preparing process: `node prepare-main.js MODEL_PATH REWRITE_DIR SCRATCH_DIR`. Ends with 0 whenever it could tell how it went. */
function main(): void {
  const [modelPath = '', rewriteDir = '', scratchDir = ''] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(attempt(modelPath, { rewriteDir, scratchDir })));
}

function attempt(modelPath: string, directories: PrepareDirectories): PrepareResult {
  try {
    return { ok: true, prepared: prepareModel(modelPath, directories) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, next, details } = error;
    return { ok: false, code, message, next, details };
  }
}

yieldToFront();
main();
