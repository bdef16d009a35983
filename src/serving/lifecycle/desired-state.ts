import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Logger } from '../ports/logger.ts';
import type { DesiredVersion, Store } from '../ports/store.ts';

/**
 * What should be resident after a restart, and what a person stopped. Read once, kept in memory, written through.
 * A write that fails is an operator's matter: the versions that are loaded go on serving.
 */
export class DesiredState {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #versions = new Map<string, DesiredVersion>();

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  async read(): Promise<void> {
    for (const desired of await this.#store.listDesired()) this.#versions.set(key(desired), desired);
  }

  get(modelId: ModelId, version: VersionName): DesiredVersion | undefined {
    return this.#versions.get(key({ modelId, version }));
  }

  ofModel(modelId: string): readonly DesiredVersion[] {
    return [...this.#versions.values()].filter((desired) => desired.modelId === modelId);
  }

  /** What is to be resident, the versions that serve first. */
  running(): readonly DesiredVersion[] {
    const running = [...this.#versions.values()].filter((desired) => desired.state === 'running');
    return running.toSorted((a, b) => Number(b.serving) - Number(a.serving));
  }

  /** Of a model one version serves at most: the others do not any more. Resolves once it is durable, or can not be. */
  async put(desired: DesiredVersion): Promise<void> {
    const siblings = desired.serving ? this.ofModel(desired.modelId) : [];
    for (const sibling of siblings) this.#versions.set(key(sibling), { ...sibling, serving: false });
    this.#versions.set(key(desired), desired);
    try {
      await this.#store.putDesired(desired);
    } catch (error) {
      this.#logger.error(
        { model: key(desired), err: error },
        'could not record the desired state: a restart will not restore it',
      );
    }
  }

  /** Nobody wants it to be here or away any more. Resolves once it is durable, or can not be. */
  async remove(modelId: string, version: string): Promise<void> {
    if (!this.#versions.delete(key({ modelId, version }))) return;
    try {
      await this.#store.deleteDesired(modelId, version);
    } catch (error) {
      this.#logger.error({ model: `${modelId}@${version}`, err: error }, 'could not forget the desired state');
    }
  }
}

function key(version: { readonly modelId: string; readonly version: string }): string {
  return `${version.modelId}@${version.version}`;
}
