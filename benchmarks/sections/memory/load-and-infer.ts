import { inferOnce } from '../../contestants/infer-once.ts';
import type { Server } from '../../contestants/server.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';

export const INFERENCES = 5;

export async function loadAndInfer(server: Server, model: BenchmarkModel): Promise<void> {
  await server.load(model);
  for (let i = 0; i < INFERENCES; i += 1) await inferOnce(server, model, 'binary');
}
