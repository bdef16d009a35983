import { compareSignatures, describeDifference } from '../../../core/model/signature-compatibility.ts';
import type { Facts } from '../../../core/rollout/facts.ts';
import type { Finding } from '../../../core/rollout/reasons.ts';
import type { RolloutConfig } from '../../../core/rollout/rollout-config.ts';
import type { HealthChecker } from '../../health/health-checker.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { HealthCheck } from '../../overview/views.ts';
import type { Comparisons } from './comparisons.ts';
import type { PairInputs } from './pair-inputs.ts';
import type { PairOutcome } from './pair-runs.ts';

/** What every one of the first pairs shows is no matter of rates. */
const CERTAIN_PAIRS = 5;
/** Shares of the time for the whole check after which no more pairs, and then no more timed ones, are begun. */
const PAIRS_SHARE = 0.5;
const TIMED_SHARE = 0.75;
/** A probe that takes so many times as long as on the old version, and this long, is for a person to look at. */
const SLOW_FACTOR = 10;
const SLOW_FROM_MS = 1000;

interface CheckParts {
  readonly config: RolloutConfig;
  readonly health: HealthChecker;
  readonly inputs: PairInputs;
  readonly comparisons: Comparisons;
  readonly old: Resident;
  readonly new: Resident;
  /** Whether there is time for more: for so large a share of it, in (0, 1]. What is not measured fails nobody. */
  readonly isInTime: (share: number) => boolean;
  /** Something was found out. The check goes on: whoever is told ends it where it is to end. */
  readonly onFinding: (finding: Finding, facts: Facts) => void;
}

/** Everything that can be found out about a new version before it gets any traffic. */
export class ComprehensiveCheck {
  readonly #parts: CheckParts;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** Resolves with what was measured, where nothing was found that ends it. Rejects when the signal aborts. */
  async run(signal: AbortSignal): Promise<Facts> {
    const differences = this.#checkSignature();
    const probes = await this.#checkProbes(signal);
    this.#checkFootprint();
    const pairs = await this.#runPairs(signal);
    const timed = await this.#runTimedPairs(signal);
    return { digest: this.#parts.new.loaded?.prepared.digest ?? null, differences, probes, ...pairs, timed };
  }

  /** @returns in how many ways the signatures differ */
  #checkSignature(): number {
    const { old, new: fresh, config, onFinding } = this.#parts;
    const [serving, candidate] = [signatureOf(old), signatureOf(fresh)];
    if (serving === undefined || candidate === undefined) return 0;
    const { compatible, differences } = compareSignatures(serving, candidate, config.allowSignatureChange);
    if (!compatible) {
      onFinding('signature_incompatible', { differences: differences.map(describeDifference).join('; ') });
    }
    return differences.length;
  }

  /** @returns how many golden probes, or made-up requests, passed */
  async #checkProbes(signal: AbortSignal): Promise<number> {
    const { old, new: fresh, onFinding } = this.#parts;
    const checks = await this.#checksOf(fresh, signal);
    const failed = checks.find((check) => check.status === 'failed');
    if (failed !== undefined) onFinding('failed_probe', { probe: failed.name, detail: failed.detail });
    const slow = slowest(checks, await this.#checksOf(old, signal));
    if (slow !== undefined) onFinding('slow_probe', slow);
    return checks.filter((check) => check.status === 'passed').length;
  }

  async #checksOf(resident: Resident, signal: AbortSignal): Promise<readonly HealthCheck[]> {
    using lease = resident.lease();
    const { supervisor, files } = lease.loaded;
    const subject = { label: resident.label, supervisor, probesDir: files.probesDir };
    const health = await this.#parts.health.check(subject, signal);
    signal.throwIfAborted();
    return health.checks.filter(isInference);
  }

  #checkFootprint(): void {
    const { new: fresh, onFinding } = this.#parts;
    if (!fresh.hasDrifted) return;
    const { reservedBytes, footprint } = fresh;
    onFinding('footprint', { reservedBytes: reservedBytes ?? null, measuredBytes: footprint?.pssBytes ?? null });
  }

  async #runPairs(signal: AbortSignal): Promise<Facts> {
    const { config, inputs, comparisons, isInTime } = this.#parts;
    const outcomes: PairOutcome[] = [];
    while (outcomes.length < config.firstPairs && isInTime(PAIRS_SHARE)) {
      const input = inputs.next();
      if (input === undefined) break;
      const outcome = await comparisons.compare(input, signal);
      if (outcome === undefined) await comparisons.retryLater(signal);
      else outcomes.push(outcome);
      if (outcomes.length === CERTAIN_PAIRS) this.#lookAtFirst(outcomes);
    }
    const { recorded, synthetic } = comparisons.counts;
    return { recordedPairs: recorded, syntheticPairs: synthetic };
  }

  /** What holds of each of them is how the version is, and not how often it fails. */
  #lookAtFirst(outcomes: readonly PairOutcome[]): void {
    const { config, onFinding } = this.#parts;
    if (outcomes.every((outcome) => !outcome.new.isFinite && outcome.old.isFinite)) {
      onFinding('not_finite', { pairs: outcomes.length });
    }
    const mismatches = outcomes.map(({ comparison }) => comparison?.mismatch);
    const [first] = mismatches;
    if (first !== undefined && mismatches.every((mismatch) => mismatch !== undefined) && !config.allowSignatureChange) {
      onFinding('changed_shape', { difference: first, pairs: outcomes.length });
    }
  }

  /** @returns how many inputs both versions were timed on */
  async #runTimedPairs(signal: AbortSignal): Promise<number> {
    const { config, inputs, comparisons, isInTime } = this.#parts;
    let timed = 0;
    for (const request of inputs.forTimes(config.firstTimePairs)) {
      if (!isInTime(TIMED_SHARE)) break;
      if (await comparisons.time(request, signal)) timed += 1;
    }
    return timed;
  }
}

function signatureOf(resident: Resident) {
  return resident.loaded?.supervisor.runner?.signature;
}

function isInference({ name }: HealthCheck): boolean {
  return name.startsWith('probe ') || name === 'synthetic inference';
}

function slowest(checks: readonly HealthCheck[], before: readonly HealthCheck[]): Facts | undefined {
  for (const { name, durationMs } of checks) {
    const old = before.find((check) => check.name === name);
    if (old === undefined || durationMs < SLOW_FROM_MS || durationMs < SLOW_FACTOR * old.durationMs) continue;
    return { probe: name, newMs: durationMs, oldMs: old.durationMs };
  }
  return undefined;
}
