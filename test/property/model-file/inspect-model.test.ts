import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { AppError } from '../../../src/core/errors.ts';
import { mlp, slow, zipmapClassifier } from '../../helpers/onnx/models.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'echoserve-fuzz-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Inspecting ends well or with a reason, whatever the bytes. */
function inspectAnything(bytes: Uint8Array): void {
  const path = join(directory, 'model.onnx');
  writeFileSync(path, bytes);
  try {
    inspectModel(path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'model_unloadable') throw error;
  }
}

test('any bytes are inspected or refused with a reason', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), inspectAnything), { numRuns: 2000 });
});

// Without the loop's matrices, so that most changes hit structure.
const seeds = [mlp(2, 2, 2), zipmapClassifier(), slow().subarray(0, 1500)];

test('any model with a few changed bytes is inspected or refused with a reason', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  const changes = fc.array(change, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), changes, (model, list) => {
      const bytes = model.slice();
      for (const [position, value] of list) bytes[position % bytes.length] = value;
      inspectAnything(bytes);
    }),
    { numRuns: 3000 },
  );
});
