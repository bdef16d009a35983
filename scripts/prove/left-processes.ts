import type { Server } from '../../test/helpers/acceptance/server.ts';
import { childrenOf } from '../../test/helpers/processes.ts';

const RUNNER = 'adapters/onnx/runner/main.js';

interface WireModel {
  readonly serving_version: string | null;
  readonly versions: readonly { readonly version: string; readonly runner_pid: number | null }[];
}

/** How many processes are there that run neither a version that serves, nor one that is kept to return to. */
export async function leftProcesses(server: Server, kept: readonly string[]): Promise<number> {
  const { body } = await server.request<{ models: readonly { model_id: string }[] }>('/api/v1/model_serving/models');
  const known = new Set<number | null>();
  for (const { model_id: id } of body.models) {
    const { body: model } = await server.request<WireModel>(`/api/v1/model_serving/models/${id}`);
    for (const { version, runner_pid: pid } of model.versions) {
      if (version === model.serving_version || kept.includes(id)) known.add(pid);
    }
  }
  return childrenOf(server.pid, RUNNER).filter((pid) => !known.has(pid)).length;
}
