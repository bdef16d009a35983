import type { ServingDependencies } from '../dependencies.ts';
import type { LoadProgress } from '../overview/views.ts';
import type { CatalogVersion, Fetched } from '../ports/catalog.ts';
import type { BringUp, BringUpTerms } from './bring-up.ts';
import type { Loaded, Resident } from './resident.ts';

/** Where the files of a version come from. */
export type LoadPlan =
  | { readonly kind: 'catalog'; readonly files: CatalogVersion }
  | { readonly kind: 'source'; readonly source: string; readonly sha256: string | undefined };

/** What a load gave. */
export interface LoadOutcome {
  readonly loaded: Loaded;
  /** Takes it back, for a load that was cancelled at the last moment. */
  undo(): Promise<void>;
}

/** Does the work of a load: fetches the files where they are not here, and brings the version up. */
export class Loader {
  readonly #dependencies: ServingDependencies;
  readonly #bringUp: BringUp;

  constructor(dependencies: ServingDependencies, bringUp: BringUp) {
    this.#dependencies = dependencies;
    this.#bringUp = bringUp;
  }

  /**
   * Where it fails, it leaves no runner behind, and no file that it brought itself. The instance's state is the caller's
   * to change.
   */
  async load(resident: Resident, plan: LoadPlan, terms: BringUpTerms): Promise<LoadOutcome> {
    const { signal } = terms;
    let isOurs = false;
    // What was there before, or what somebody else put there, is not this load's to remove.
    const discard = async () => {
      if (isOurs) await this.#discard(resident);
    };
    try {
      const { files, placed } =
        plan.kind === 'source' ? await this.#fetch(resident, plan, signal) : { files: plan.files, placed: false };
      isOurs = placed;
      const loaded = await this.#bringUp.perform(resident, files, terms);
      const undo = async () => {
        await this.#bringUp.undo(resident, loaded);
        await discard();
      };
      return { loaded, undo };
    } catch (error) {
      await discard();
      // An aborted load failed for the reason it was aborted for, however the interrupted part put it.
      throw signal.aborted ? signal.reason : error;
    }
  }

  #fetch(resident: Resident, plan: LoadPlan & { kind: 'source' }, signal: AbortSignal): Promise<Fetched> {
    resident.progress = at('fetching');
    return this.#dependencies.source.fetch({
      modelId: resident.modelId,
      version: resident.version,
      source: plan.source,
      sha256: plan.sha256,
      signal,
      onProgress: (done) => {
        resident.progress = { phase: 'fetching', ...done };
      },
    });
  }

  async #discard(resident: Resident): Promise<void> {
    try {
      await this.#dependencies.source.discard(resident.modelId, resident.version);
    } catch (error) {
      this.#dependencies.logger.error(
        { model: resident.label, err: error },
        'could not remove the files of a failed load',
      );
    }
  }
}

function at(phase: LoadProgress['phase']): LoadProgress {
  return { phase, bytesDone: undefined, bytesTotal: undefined };
}
