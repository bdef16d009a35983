import { AppError } from '../../core/errors.ts';
import type { HealthCheck, HealthStatus, HealthView } from '../overview/views.ts';
import type { ProbeFile, ProbeFiles } from '../ports/probe-files.ts';
import { reasonOf } from '../reason.ts';
import type { Supervisor } from '../running/supervisor.ts';
import { areFinite, differenceOf, parseGoldenProbe } from './golden-probe.ts';
import { isBusy, Patience } from './patience.ts';
import { MAX_PROBE_BYTES, ProbeAnswerTooLarge, type ProbeContext, runProbe } from './probe-run.ts';
import { syntheticRequest } from './synthetic-request.ts';

const MAX_PROBES = 32;
/** A single crash that was recovered from is history; two within a minute are an illness. */
const TOLERATED_CRASHES = 1;

export interface HealthSubject {
  readonly label: string;
  readonly supervisor: Supervisor;
  readonly probesDir: string | undefined;
}

type Outcome = Pick<HealthCheck, 'status' | 'detail'>;
/** Makes a check and says what came of it. */
type Manner = (check: () => Promise<Outcome>) => Promise<Outcome>;

const leniently: Manner = (check) => check().catch(outcomeOfError);

/** Finds out whether a version does what it should. */
export class HealthChecker {
  readonly #context: ProbeContext & { readonly probes: ProbeFiles };

  constructor(context: ProbeContext & { readonly probes: ProbeFiles }) {
    this.#context = context;
  }

  /** Every check, now. Never throws for what it finds. */
  async check(subject: HealthSubject, signal: AbortSignal): Promise<HealthView> {
    const { supervisor } = subject;
    const checks = [
      await this.#timed('runner alive', async () => runnerAlive(supervisor)),
      await this.#timed('memory measurable', () => memoryMeasurable(supervisor)),
      await this.#timed('runner stable', async () => runnerStable(supervisor)),
      ...(await this.#inferences(subject, signal, leniently)),
    ];
    return this.#view(checks);
  }

  /**
   * The golden probes of a version that is about to become ready. None is left out because the server is busy.
   * @throws AppError `model_unloadable` that names the probe and how its answer differs; `overloaded` where the server
   *   was too busy for too long to take one
   */
  async checkBeforeReady(subject: HealthSubject, signal: AbortSignal): Promise<HealthView> {
    const patience = new Patience(this.#context.clock, signal);
    const checks = await this.#inferences(subject, signal, (check) =>
      patience.insist(check).catch((error: unknown) => {
        if (isBusy(error)) throw unchecked(subject, error);
        return outcomeOfError(error);
      }),
    );
    const failed = checks.find((check) => check.status === 'failed' && check.name.startsWith('probe '));
    if (failed !== undefined) {
      throw new AppError('model_unloadable', `${subject.label} failed its ${failed.name}: ${failed.detail}`, {
        next: 'Correct the model, or the probe if it is what is wrong.',
        details: { probe: failed.name },
      });
    }
    return this.#view(checks);
  }

  #view(checks: readonly HealthCheck[]): HealthView {
    return { status: statusOf(checks), lastCheckAt: this.#context.clock.epochMs(), checks };
  }

  /** One after the other: a check must not fill the version's queue. */
  async #inferences(subject: HealthSubject, signal: AbortSignal, manner: Manner): Promise<readonly HealthCheck[]> {
    const files = subject.probesDir === undefined ? [] : await this.#readProbes(subject.probesDir);
    if (files.length === 0) {
      return [await this.#timed('synthetic inference', () => this.#synthetic(subject.supervisor, signal))];
    }
    const checks: HealthCheck[] = [];
    for (const file of files) {
      const golden = () => this.#golden(subject.supervisor, file, signal);
      checks.push(await this.#timed(`probe ${file.name}`, golden, manner));
    }
    return checks;
  }

  #readProbes(directory: string): Promise<readonly ProbeFile[]> {
    return this.#context.probes.read(directory, MAX_PROBES, MAX_PROBE_BYTES);
  }

  async #golden(supervisor: Supervisor, file: ProbeFile, signal: AbortSignal): Promise<Outcome> {
    if (file.kind === 'too_large') return skipped(`it is larger than ${MAX_PROBE_BYTES} bytes`);
    if (file.kind === 'unreadable') return failed(file.reason);
    const probe = parseGoldenProbe(file.name, file.text);
    const outputs = await runProbe(this.#context, supervisor, probe.request, signal);
    const difference = differenceOf(probe, outputs);
    return difference === undefined ? passed('the answer is as recorded') : failed(difference);
  }

  async #synthetic(supervisor: Supervisor, signal: AbortSignal): Promise<Outcome> {
    const signature = supervisor.runner?.signature;
    const request = signature === undefined ? undefined : syntheticRequest(signature);
    if (request === undefined) return skipped('no small JSON request can be made up for these inputs');
    try {
      const outputs = await runProbe(this.#context, supervisor, request, signal);
      return areFinite(outputs)
        ? passed('outputs are finite')
        : skipped('made-up inputs gave values that are not finite');
    } catch (error) {
      // A model may well refuse what was made up; only what it does to a request of its own tells of it.
      const refused =
        error instanceof AppError && (error.code === 'model_rejected_input' || error.code === 'invalid_tensor');
      if (refused) return skipped(`made-up inputs were refused: ${error.message}`);
      throw error;
    }
  }

  async #timed(name: string, check: () => Promise<Outcome>, manner = leniently): Promise<HealthCheck> {
    const startedAt = this.#context.clock.monotonicMs();
    const outcome = await manner(check);
    return { name, ...outcome, durationMs: this.#context.clock.monotonicMs() - startedAt };
  }
}

/** A server that is too busy to take a probe, or an answer too long to look into, says nothing about the model. */
function outcomeOfError(error: unknown): Outcome {
  if (error instanceof ProbeAnswerTooLarge) return skipped(`the answer is larger than ${MAX_PROBE_BYTES} bytes`);
  return isBusy(error) ? skipped(error.message) : failed(reasonOf(error));
}

function unchecked({ label }: HealthSubject, busy: AppError): AppError {
  return new AppError('overloaded', `${label} could not be checked before use: ${busy.message}`, {
    cause: busy,
    next: 'Load it again when fewer requests are in flight.',
    retryAfterS: busy.retryAfterS ?? 1,
  });
}

/** Where nothing was found out, nothing is known. */
function statusOf(checks: readonly HealthCheck[]): HealthStatus {
  if (checks.some((check) => check.status === 'failed')) return 'unhealthy';
  return checks.some((check) => check.status === 'passed') ? 'healthy' : 'unknown';
}

function runnerAlive(supervisor: Supervisor): Outcome {
  const { runners, instances } = supervisor;
  const alive = `${runners.length === 1 ? 'process' : 'processes'} ${runners.map(({ pid }) => pid).join(', ')}`;
  const missing = instances - runners.length;
  if (missing === 0) return passed(alive);
  if (runners.length > 0) return passed(`${alive}; ${missing} of ${instances} being started again`);
  return failed(supervisor.isRestarting ? 'it ended and is being started again' : 'it is gone');
}

async function memoryMeasurable(supervisor: Supervisor): Promise<Outcome> {
  const footprints = await Promise.all(supervisor.runners.map((runner) => runner.footprint()));
  const measured = footprints.filter((footprint) => footprint !== undefined);
  if (measured.length === 0) return failed('the process can not be measured');
  return passed(`${measured.reduce((sum, { pssBytes }) => sum + pssBytes, 0)} bytes`);
}

function runnerStable(supervisor: Supervisor): Outcome {
  const crashes = supervisor.recentCrashes;
  const detail = `ended unasked ${crashes} times within the last minute`;
  return crashes > TOLERATED_CRASHES ? failed(detail) : passed(detail);
}

function passed(detail: string): Outcome {
  return { status: 'passed', detail };
}

function failed(detail: string): Outcome {
  return { status: 'failed', detail };
}

function skipped(detail: string): Outcome {
  return { status: 'skipped', detail };
}
