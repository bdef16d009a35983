import type { ServingDependencies } from '../dependencies.ts';
import type { HealthChecker } from '../health/health-checker.ts';
import type { DesiredState } from '../lifecycle/desired-state.ts';
import type { Loads } from '../lifecycle/loads.ts';
import type { Repository } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Retirement } from '../lifecycle/retirement.ts';
import type { DryRuns } from '../memory/dry-runs.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { VersionRuns } from '../running/version-runs.ts';
import { RecordedRequests } from './comparing/recorded-requests.ts';
import { Hosting } from './driving/hosting.ts';
import { Rollouts } from './rollouts.ts';
import { UpdateTargets } from './update-targets.ts';

interface OpeningParts {
  readonly dependencies: ServingDependencies;
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly loads: Loads;
  readonly retirement: Retirement;
  readonly memory: ModelMemory;
  readonly runs: VersionRuns;
  readonly health: HealthChecker;
  readonly dryRuns: DryRuns;
  readonly isDraining: () => boolean;
}

/** Updates, on what the rest of the server is made of. */
export function openRollouts(parts: OpeningParts): Rollouts {
  const { dependencies, residency, runs, health, memory, dryRuns, isDraining } = parts;
  const { store, clock, logger, payloads, comparer, recordedRequestBytes } = dependencies;
  const origin = { epochMs: clock.epochMs(), monotonicMs: clock.monotonicMs() };
  return new Rollouts({
    services: {
      store,
      clock,
      logger,
      residency,
      runs,
      health,
      payloads,
      comparer,
      random: Math.random,
      recorded: new RecordedRequests(recordedRequestBytes, clock),
      hosting: new Hosting({ ...parts, clock }),
      onReleased: () => memory.noteChange(),
      now: () => Math.round(origin.epochMs + clock.monotonicMs() - origin.monotonicMs),
    },
    targets: new UpdateTargets(parts),
    dryRuns,
    isDraining,
  });
}
