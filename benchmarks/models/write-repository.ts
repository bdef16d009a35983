import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { modelProto } from '../../src/adapters/onnx/model-file/writer.ts';
import type { BenchmarkModel } from './benchmark-model.ts';

/** Where a model's file is in a repository. */
export function modelPath(repository: string, id: string): string {
  return join(repository, id, '1', 'model.onnx');
}

/** Writes each of `models` into `repository`, with a manifest that asks for `threads` intra-op threads. */
export function writeRepository(repository: string, models: readonly BenchmarkModel[], threads: number): void {
  for (const model of models) {
    const path = modelPath(repository, model.id);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, modelProto(model.build()));
    writeFileSync(
      join(repository, model.id, 'model.json'),
      `${JSON.stringify({ options: { intra_op_threads: threads } })}\n`,
    );
  }
}
