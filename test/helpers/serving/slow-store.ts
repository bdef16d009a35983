import { FakeStore } from './fake-store.ts';

/** What updates write takes until it is let go. */
export class SlowStore extends FakeStore {
  gate: PromiseWithResolvers<void> | undefined;

  override async createRollout(...args: Parameters<FakeStore['createRollout']>): Promise<void> {
    await this.gate?.promise;
    return super.createRollout(...args);
  }

  override async appendRolloutEntry(...args: Parameters<FakeStore['appendRolloutEntry']>): Promise<void> {
    await this.gate?.promise;
    return super.appendRolloutEntry(...args);
  }
}
