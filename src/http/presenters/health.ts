import type { z } from 'zod';
import type { HealthStatus, HealthView, VersionView } from '../../serving/overview/views.ts';
import type { RolloutServing } from '../../serving/rollouts/service.ts';
import type { ModelServing } from '../../serving/service.ts';
import type { HealthCheckResult, ModelHealth } from '../schemas/health.ts';
import type { Health } from '../schemas/probes.ts';
import { presentHealth } from './model-version.ts';
import { presentMemory } from './status.ts';
import { rolloutsUnderWay } from './under-way.ts';
import { orNull } from './units.ts';

export function presentModelHealth(view: VersionView): z.output<typeof ModelHealth> {
  return {
    model_id: view.modelId,
    version: view.version,
    state: view.state,
    reason: orNull(view.reason),
    health: presentHealth(view.health),
  };
}

export function presentHealthChecks(
  modelId: string,
  versions: readonly { readonly version: string; readonly health: HealthView }[],
): z.output<typeof HealthCheckResult> {
  return {
    model_id: modelId,
    status: worst(versions.map((each) => each.health.status)),
    versions: versions.map(({ version, health }) => ({ version, health: presentHealth(health) })),
  };
}

function worst(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('unhealthy')) return 'unhealthy';
  return statuses.length === 0 || statuses.includes('unknown') ? 'unknown' : 'healthy';
}

/** From memory alone: it answers while everything else is busy. */
export function presentServerHealth(
  serving: ModelServing,
  rollouts: RolloutServing,
  reason: string | undefined,
): z.output<typeof Health> {
  const versions = serving.residentVersions();
  const { totalLoads, cacheHitRate } = serving.performance();
  const impaired = versions.filter((view) => view.state === 'failed' || view.health.status === 'unhealthy');
  return {
    status: reason !== undefined ? 'unhealthy' : impaired.length > 0 ? 'degraded' : 'healthy',
    reason: orNull(reason ?? whyDegraded(impaired)),
    model_serving: {
      enabled: true,
      cached_models: countModels(versions.filter((view) => view.state === 'ready' || view.state === 'draining')),
      active_versions: versions.filter((view) => view.state === 'ready').length,
      healthy_models: countModels(versions.filter((view) => view.serving && view.health.status === 'healthy')),
      total_loads: totalLoads,
      cache_hit_rate: cacheHitRate,
      engine_integrated: true,
    },
    memory: presentMemory(serving.memory()),
    rollouts: rolloutsUnderWay(rollouts).size,
  };
}

const MAX_NAMED = 5;

function whyDegraded(impaired: readonly VersionView[]): string | undefined {
  if (impaired.length === 0) return undefined;
  const named = impaired.slice(0, MAX_NAMED).map(({ modelId, version, state }) => {
    return `${modelId}@${version} ${state === 'failed' ? 'has failed' : 'is unhealthy'}`;
  });
  const more = impaired.length > MAX_NAMED ? `, and ${impaired.length - MAX_NAMED} more` : '';
  return `${named.join(', ')}${more}`;
}

function countModels(versions: readonly VersionView[]): number {
  return new Set(versions.map((view) => view.modelId)).size;
}
