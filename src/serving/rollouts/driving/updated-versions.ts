import type { VersionName } from '../../../core/model/version.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { Residency } from '../../lifecycle/residency.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { RolloutIdentity } from './identity.ts';

export type AvailabilityChange = Parameters<NonNullable<Resident['onAvailability']>>[0];

interface VersionParts {
  readonly identity: RolloutIdentity;
  readonly residency: Residency;
  /** @param crash the same object for all that was lost with the same process */
  readonly onChange: (arm: Arm, change: AvailabilityChange, reason: string, crash: object | undefined) => void;
  /** Told when a version need not be kept any more. */
  readonly onReleased: () => void;
}

const ARMS: readonly Arm[] = ['old', 'new'];

/** The two versions of an update, as far as they are here. While it lasts, neither is evicted. */
export class UpdatedVersions {
  readonly #parts: VersionParts;
  readonly #held: Partial<Record<Arm, Resident>> = {};

  constructor(parts: VersionParts) {
    this.#parts = parts;
  }

  /** The instance that is here now, or on its way. */
  of(arm: Arm): Resident | undefined {
    return this.#parts.residency.find(this.#parts.identity.modelId, this.#nameOf(arm));
  }

  /** The instance, if it can be asked now: its process is there. */
  ready(arm: Arm): Resident | undefined {
    const resident = this.of(arm);
    return resident?.state === 'ready' && resident.loaded?.supervisor.isRestarting === false ? resident : undefined;
  }

  /** Which of the two an instance is. */
  armOf(resident: Resident): Arm | undefined {
    return ARMS.find((arm) => this.#held[arm] === resident);
  }

  /** Takes hold of what is here by now. */
  hold(): void {
    for (const arm of ARMS) {
      const resident = this.of(arm);
      if (resident === undefined || resident === this.#held[arm]) continue;
      this.release(arm);
      this.#held[arm] = resident;
      resident.inUpdate = true;
      resident.onAvailability = (change, reason, crash) => this.#parts.onChange(arm, change, reason, crash);
    }
  }

  releaseAll(): void {
    for (const arm of ARMS) this.release(arm);
  }

  release(arm: Arm): void {
    const resident = this.#held[arm];
    if (resident === undefined) return;
    resident.inUpdate = false;
    resident.onAvailability = undefined;
    delete this.#held[arm];
    this.#parts.onReleased();
  }

  #nameOf(arm: Arm): VersionName {
    const { newVersion, oldVersion } = this.#parts.identity;
    return arm === 'new' ? newVersion : oldVersion;
  }
}
