import { call, type ReportedMemory } from './server.ts';

/** The part of EchoServe's typed answer that is read; a null is a figure that is not known yet. */
interface ModelAnswer {
  readonly versions: readonly {
    readonly runner_pid: number | null;
    readonly allocation: {
      readonly weight_gb: number | null;
      readonly total_estimated_gb: number | null;
      readonly measured_memory_gb: number | null;
      readonly peak_memory_gb: number | null;
    };
  }[];
}

/** What EchoServe's management API says of a model's memory; undefined while it is not loaded. */
export async function readReportedMemory(port: number, modelId: string): Promise<ReportedMemory | undefined> {
  const { versions } = (await call(port, 'GET', `/api/v1/model_serving/models/${modelId}`)) as ModelAnswer;
  const [version] = versions;
  if (version === undefined || version.runner_pid === null) return undefined;
  const { weight_gb, total_estimated_gb, measured_memory_gb, peak_memory_gb } = version.allocation;
  const bytes = (gigabytes: number | null): number => (gigabytes ?? Number.NaN) * 1e9;
  return {
    weights: bytes(weight_gb),
    estimate: bytes(total_estimated_gb),
    footprint: bytes(measured_memory_gb),
    peak: bytes(peak_memory_gb),
    pid: version.runner_pid,
  };
}
