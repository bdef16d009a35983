import { AppError } from '../../core/errors.ts';
import type { RolloutServing } from './service.ts';

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

  rollback(): never {
    throw new AppError('internal', 'Not yet.');
  }
}
