import { expect, vi } from 'vitest';
import type { Server } from './server.ts';

const API = '/api/v1/model_serving';

/** What the tests read of a version, as it is on the wire. */
export interface WireVersion {
  readonly version: string;
  readonly state: string;
  readonly reason: string | null;
  readonly last_exit: string | null;
  readonly progress: {
    readonly phase: string;
    readonly bytes_done: number | null;
    readonly bytes_total: number | null;
  } | null;
  readonly serving: boolean;
  readonly pinned: boolean;
  readonly runner_pid: number | null;
  readonly runner_pids: readonly number[];
  readonly allocation: {
    readonly max_batch_size: number;
    readonly instances: number;
    readonly intra_op_threads: number | null;
    readonly intra_op_threads_from: string | null;
    readonly measured_memory_gb: number | null;
    readonly reserved_memory_gb: number | null;
    readonly share_weights: boolean;
    readonly shared_memory_gb: number | null;
  };
  readonly statistics: {
    readonly succeeded: number;
    readonly failed: Readonly<Record<string, number>>;
    readonly in_flight: number;
    readonly executions: number;
    readonly restarts: number;
  };
}

export interface WireStatus {
  readonly phase: string;
  readonly overview: Readonly<Record<string, number>>;
  readonly performance_metrics: Readonly<Record<string, number>>;
  readonly memory: Readonly<Record<string, number>>;
  readonly processors: {
    readonly count: number;
    readonly from: string;
    readonly intra_op_threads: number | null;
  };
  readonly runners: readonly {
    readonly model_id: string;
    readonly version: string;
    readonly pid: number;
    readonly intra_op_threads: number;
    readonly intra_op_threads_from: string;
  }[];
  readonly repository_problems: readonly { readonly path: string; readonly reason: string }[];
}

export interface WireHealth {
  readonly status: string;
  readonly model_serving: Readonly<Record<string, number>>;
  readonly memory: Readonly<Record<string, number>>;
}

/** A version of a model; the only one unless it is named. */
export async function versionOf(server: Server, modelId: string, version?: string): Promise<WireVersion> {
  const path = `${API}/models/${encodeURIComponent(modelId)}`;
  const { status, body } = await server.request<{ versions: readonly WireVersion[] }>(path);
  const found = status === 200 ? body.versions.filter((each) => version === undefined || each.version === version) : [];
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${modelId}: ${status} ${JSON.stringify(body)}`);
  return only;
}

/** The process that runs a model. */
export async function runnerOf(server: Server, modelId: string, version?: string): Promise<number> {
  const { runner_pid: pid } = await versionOf(server, modelId, version);
  if (pid === null) throw new Error(`${modelId} has no runner`);
  return pid;
}

/** Waits for a version to be as it should. */
export function until(
  server: Server,
  modelId: string,
  holds: (version: WireVersion) => void,
  version?: string,
): Promise<WireVersion> {
  return patiently(async () => {
    const view = await versionOf(server, modelId, version);
    holds(view);
    return view;
  });
}

/** Waits for a version to have another runner than this one. */
export function untilReplaced(server: Server, modelId: string, pid: number): Promise<WireVersion> {
  return until(server, modelId, (view) => {
    expect(view).toMatchObject({ state: 'ready', progress: null, runner_pid: expect.any(Number) });
    expect(view.runner_pid).not.toBe(pid);
  });
}

/** Tries again until it holds, for as long as a slow and busy machine may need. */
export function patiently<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 60_000, interval: 20 });
}

export async function statusOf(server: Server): Promise<WireStatus> {
  return (await server.request<WireStatus>(`${API}/status`)).body;
}

export async function healthOf(server: Server): Promise<WireHealth> {
  return (await server.request<WireHealth>('/health')).body;
}

/** Bytes of request bodies that the server holds. */
export async function payloadBytes(server: Server): Promise<number> {
  return (await healthOf(server)).memory['payload_bytes'] ?? Number.NaN;
}

export function unload(server: Server, modelId: string, version?: string) {
  const query = version === undefined ? '' : `?version=${version}`;
  return server.request(`${API}/models/${encodeURIComponent(modelId)}${query}`, { method: 'DELETE' });
}
