import type { Evidence } from './evidence.ts';
import { logTimeEvidence } from './times.ts';
import { logEvidence } from './wealth.ts';

export type Component = 'live_failures' | 'paired_failures' | 'cpu_time' | 'wall_time';

/** π: what share of α each component may spend. They sum to 1. */
const SHARE: Readonly<Record<Component, number>> = {
  live_failures: 0.6,
  paired_failures: 0.25,
  cpu_time: 0.1,
  wall_time: 0.05,
};

const COMPONENTS: readonly Component[] = ['live_failures', 'paired_failures', 'cpu_time', 'wall_time'];

/** ln(π·E) by component. Logarithms, because E reaches beyond what a double holds. */
export type LogShares = Readonly<Record<Component, number>>;

export type Verdict =
  | { readonly verdict: 'none'; readonly logShares: LogShares }
  | { readonly verdict: 'roll_back'; readonly because: Component; readonly logShares: LogShares };

/**
 * Rolls back if and only if π·E ≥ 1/α for some component. Each does so falsely with probability at most π·α over the
 * whole rollout (Ville), so that together it is at most α (union bound), whatever the components share.
 *
 * @param alpha in (0, 1)
 */
export function judge(evidence: Evidence, alpha: number): Verdict {
  const logShares = logSharesOf(evidence);
  const because = COMPONENTS.find((component) => logShares[component] >= -Math.log(alpha));
  return because === undefined ? { verdict: 'none', logShares } : { verdict: 'roll_back', because, logShares };
}

/** max π·E, which has to be small for a stage to be passed. Infinity beyond what a double holds. */
export function strongest(logShares: LogShares): number {
  return Math.exp(Math.max(...COMPONENTS.map((component) => logShares[component])));
}

function logSharesOf({ live, pairs, cpuTime, wallTime }: Evidence): LogShares {
  return {
    live_failures: Math.log(SHARE.live_failures) + logEvidence(live.wealth),
    paired_failures: Math.log(SHARE.paired_failures) + logEvidence(pairs.wealth),
    cpu_time: Math.log(SHARE.cpu_time) + logTimeEvidence(cpuTime),
    wall_time: Math.log(SHARE.wall_time) + logTimeEvidence(wallTime),
  };
}
