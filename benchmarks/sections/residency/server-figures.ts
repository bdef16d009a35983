import { call, type Server } from '../../contestants/server.ts';

/** What EchoServe tells of its residents. */
export interface ServerFigures {
  readonly loads: number;
  readonly evictions: number;
  /** Share of the requests that found their model resident, or on its way. */
  readonly hitRate: number;
  readonly usedBytes: number;
}

/** The part of the typed answer that is read. */
interface StatusAnswer {
  readonly performance_metrics: {
    readonly total_loads: number;
    readonly evictions: number;
    readonly cache_hit_rate: number;
  };
  readonly memory: { readonly used_bytes: number };
}

export async function readFigures({ port }: Server): Promise<ServerFigures> {
  const status = (await call(port, 'GET', '/api/v1/model_serving/status')) as StatusAnswer;
  const { total_loads, evictions, cache_hit_rate } = status.performance_metrics;
  return { loads: total_loads, evictions, hitRate: cache_hit_rate, usedBytes: status.memory.used_bytes };
}
