import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';

/** Bounds how many requests wait for one model to be loaded: each of them holds its body all the while. */
export class LoadQueue {
  readonly #limit: number;
  readonly #waiting = new Map<ModelId, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws AppError `queue_full`; what `wait` rejects with */
  async join<T>(modelId: ModelId, wait: () => Promise<T>): Promise<T> {
    const ahead = this.#waiting.get(modelId) ?? 0;
    if (ahead >= this.#limit) throw this.#full(modelId);
    this.#waiting.set(modelId, ahead + 1);
    try {
      return await wait();
    } finally {
      this.#leave(modelId);
    }
  }

  #leave(modelId: ModelId): void {
    const left = (this.#waiting.get(modelId) ?? 1) - 1;
    if (left > 0) this.#waiting.set(modelId, left);
    else this.#waiting.delete(modelId);
  }

  #full(modelId: ModelId): AppError {
    return new AppError('queue_full', `${this.#limit} requests wait for ${modelId} to be loaded: that is the limit.`, {
      retryAfterS: 1,
      next: 'Send fewer requests until it is loaded.',
      details: { limit: this.#limit },
    });
  }
}
