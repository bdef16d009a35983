import { AppError } from '../../core/errors.ts';
import { ROLLBACK_REASONS, type RollbackReason } from '../../core/rollout/reasons.ts';
import type { RolloutCounters, RolloutServing } from './service.ts';

export class Rollouts implements RolloutServing {
  update(): never {
    throw new AppError('internal', 'Not yet.');
  }

  list(): readonly [] {
    return [];
  }

  describe(id: string): never {
    throw new AppError('rollout_not_found', `There is no rollout "${id}".`);
  }

  events(id: string): never {
    throw new AppError('rollout_not_found', `There is no rollout "${id}".`);
  }

  control(id: string): never {
    throw new AppError('rollout_not_found', `There is no rollout "${id}".`);
  }

  counters(): RolloutCounters {
    return {
      attempts: 0,
      completed: 0,
      rolledBack: 0,
      aborted: 0,
      // The entries are those of the list of all reasons.
      rollbacksByReason: Object.fromEntries(ROLLBACK_REASONS.map((reason) => [reason, 0])) as Record<
        RollbackReason,
        number
      >,
      fallbacksAnswered: 0,
      fallbacksFailed: 0,
    };
  }

  rollback(): never {
    throw new AppError('internal', 'Not yet.');
  }
}
