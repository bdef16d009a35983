import type { ModelId } from '../../core/model/model-id.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Restoration } from '../lifecycle/restoration.ts';
import type { StatusView } from '../overview/views.ts';

/** Whether the server is to get traffic. One bad upload does not take it out: only what is required counts. */
export class Readiness {
  readonly #residency: Residency;
  readonly #restoration: Restoration;
  readonly #required: readonly ModelId[];
  #hasStarted = false;
  #isDraining = false;

  constructor(residency: Residency, restoration: Restoration, required: readonly ModelId[]) {
    this.#residency = residency;
    this.#restoration = restoration;
    this.#required = required;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get phase(): StatusView['phase'] {
    if (this.#isDraining) return 'draining';
    return this.#hasStarted && this.#restoration.isDone ? 'running' : 'starting';
  }

  started(): void {
    this.#hasStarted = true;
  }

  beginDrain(): void {
    this.#isDraining = true;
  }

  /** Why no traffic is to come, or undefined. */
  notReadyReason(): string | undefined {
    if (this.#isDraining) return 'the server is draining';
    if (!this.#hasStarted) return 'the server is starting';
    const waiting = this.#required.find((modelId) => this.#residency.find(modelId, undefined)?.state !== 'ready');
    if (waiting === undefined) return undefined;
    const reason = this.#reasonFor(waiting);
    return `required model "${waiting}" is not ready: ${reason}`;
  }

  #reasonFor(modelId: ModelId): string {
    const residents = this.#residency.ofModel(modelId);
    const failed = residents.find((resident) => resident.state === 'failed');
    if (failed !== undefined) return `version ${failed.version} failed: ${failed.reason ?? 'unknown reason'}`;
    if (residents.some((resident) => resident.state === 'loading')) return 'it is being loaded';
    return this.#restoration.isDone ? 'it is not loaded' : 'the server is starting';
  }
}
