import type { Arm, RandomSource } from '../../../core/traffic/assignment.ts';
import type { ArmFigures } from './arm-figures.ts';

const SHARE = 0.02;
const SHARE_UNDER_SUSPICION = 0.5;
const SUSPICIOUS_REQUESTS = 300;
/** Two-sided 95 %. */
const Z = 1.96;

/**
 * Chooses requests that both versions are given once more, where the new one has all the traffic: they are the only
 * control there is then. Chosen before anything is known of them.
 */
export class Mirror {
  readonly #random: RandomSource;
  #suspicious = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  wants(newPercent: number): boolean {
    if (newPercent < 100) return false;
    const share = this.#suspicious > 0 ? SHARE_UNDER_SUSPICION : SHARE;
    this.#suspicious = Math.max(0, this.#suspicious - 1);
    return this.#random() < share;
  }

  /** A failure of the new version: where it fails more often than the old one may, the next requests are looked at. */
  noteFailure({ new: fresh, old }: Readonly<Record<Arm, ArmFigures>>): void {
    const rate = fresh.failures / Math.max(1, fresh.samples);
    if (rate > upperBound(old.failures, Math.max(1, old.samples))) this.#suspicious = SUSPICIOUS_REQUESTS;
  }
}

/**
 * The upper end of Wilson's interval for a probability ("Probable inference, the law of succession, and statistical
 * inference", JASA 1927).
 */
function upperBound(events: number, trials: number): number {
  const p = events / trials;
  const z2 = Z * Z;
  const centre = p + z2 / (2 * trials);
  const spread = Z * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials));
  return (centre + spread) / (1 + z2 / trials);
}
