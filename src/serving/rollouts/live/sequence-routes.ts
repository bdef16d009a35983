import type { Arm, Assignment } from '../../../core/traffic/assignment.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { InferRequest } from '../../service.ts';
import type { TrafficSplit } from './traffic-split.ts';

interface RouteParts {
  readonly split: TrafficSplit;
  readonly residentOf: (arm: Arm) => Resident | undefined;
}

const ARMS: readonly Arm[] = ['old', 'new'];
const ON_OLD: Assignment = { arm: 'old', draw: { by: 'choice' } };

/**
 * Draws the version of a request so that no sequence is torn. The requests of a model with states that say which sequence
 * they are of go by it; the others stay together: on the old version until all traffic goes to the new one.
 *
 * A state never moves between versions. Whoever goes on in one has left the other, which then forgets what it had of it:
 * a client that begins again in the new version and comes back must not go on from what the old one remembers.
 */
export class SequenceRoutes {
  readonly #parts: RouteParts;
  /** Where those went last that do not say which sequence they are of. */
  #othersAt: Arm = 'old';
  #hasBegun = false;

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  /** Whether one of the two versions keeps states. The other one then has not what a request of a sequence needs. */
  get isStateful(): boolean {
    const { residentOf } = this.#parts;
    return ARMS.some((arm) => residentOf(arm)?.loaded?.prepared.state !== undefined);
  }

  draw(request: InferRequest): Assignment {
    const { split } = this.#parts;
    if (!this.isStateful) return split.draw(request.routingKey);
    // What an earlier update has left on the new version is not where clients stand now.
    if (!this.#hasBegun) this.#forget('new', undefined);
    this.#hasBegun = true;
    const isKept = request.sequenceId === undefined && split.newPercent < 100;
    const assignment = isKept ? ON_OLD : split.draw(request.routingKey);
    this.#leaveOther(assignment.arm, request.sequenceId);
    return assignment;
  }

  #leaveOther(arm: Arm, sequenceId: string | undefined): void {
    const other = arm === 'new' ? 'old' : 'new';
    if (sequenceId !== undefined) this.#forget(other, sequenceId);
    else if (this.#othersAt !== arm) this.#forget(other, undefined);
    if (sequenceId === undefined) this.#othersAt = arm;
  }

  #forget(arm: Arm, sequenceId: string | undefined): void {
    this.#parts.residentOf(arm)?.loaded?.supervisor.forget(sequenceId);
  }
}
