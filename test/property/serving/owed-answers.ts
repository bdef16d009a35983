import { expect } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import type { FakeRunner } from '../../helpers/serving/fake-engine.ts';
import type { Serving } from '../../helpers/serving/serving.ts';

interface Asked {
  readonly body: string;
  readonly deadlineMs: number;
  /** The version that was to answer, if it was ready when the request came. */
  readonly ready: string | undefined;
  /** What had happened to that version by then. */
  readonly upsets: number;
  outcome: { readonly version: string } | { readonly error: unknown } | undefined;
}

/** What the server owes to those who asked for an inference, and whether it gave it. */
export class OwedAnswers {
  readonly #serving: Serving;
  readonly #asked = new Map<string, Asked>();
  readonly #judged = new Set<Asked>();
  /** Crashes, kills, failures and unloads by version: what excuses the failure of a request. */
  readonly #upsets = new Map<string, number>();
  readonly #ended = new Set<FakeRunner>();
  /** Versions whose runner could not be started again. */
  #failed: readonly string[] = [];
  /** Requests that a runner has just answered in time. */
  readonly #answered = new Set<string>();

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  ask(model: string, version: string | undefined, timeoutMs: number, poison: boolean): Promise<unknown> {
    const { manager, clock } = this.#serving;
    const target = manager
      .residentVersions()
      .find((view) => view.modelId === model && (version === undefined ? view.serving : view.version === version));
    const ready = target?.state === 'ready' ? `${model}@${target.version}` : undefined;
    const body = `${poison ? 'poison' : 'ask'} ${this.#asked.size}`;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const asked: Asked = { body, deadlineMs, ready, upsets: this.#upsetsOf(ready), outcome: undefined };
    this.#asked.set(body, asked);
    const answer = this.#serving.infer(model, version, { timeoutMs, body });
    answer.then(
      (reply) => {
        asked.outcome = { version: `${reply.modelId}@${reply.version}` };
      },
      (error: unknown) => {
        asked.outcome = { error };
      },
    );
    return answer;
  }

  /** A runner answers everything it has. */
  answer(runner: FakeRunner): void {
    for (const { body, request } of runner.open) {
      if (request.deadlineMs > this.#serving.clock.monotonicMs()) this.#answered.add(body);
    }
    runner.answerAll();
  }

  unload(model: string, version: string | undefined): void {
    for (const each of version === undefined ? ['1', '2'] : [version]) this.#upset(`${model}@${each}`);
  }

  /** Called once everything that the last step led to has happened. */
  check(): void {
    this.#noteUpsets();
    for (const asked of this.#asked.values()) {
      if (this.#answered.has(asked.body)) expect(asked.outcome, asked.body).toHaveProperty('version');
      if (asked.outcome === undefined || this.#judged.has(asked)) continue;
      this.#judged.add(asked);
      this.#judge(asked, asked.outcome);
    }
  }

  #noteUpsets(): void {
    for (const runner of this.#serving.engine.runners) {
      if (runner.exit === undefined || this.#ended.has(runner)) continue;
      this.#ended.add(runner);
      if (runner.killed || !runner.exit.expected) this.#upset(`${runner.spec.modelId}@${runner.spec.version}`);
    }
    const views = this.#serving.manager.residentVersions().filter((view) => view.state === 'failed');
    const failed = views.map((view) => `${view.modelId}@${view.version}`);
    for (const version of failed) if (!this.#failed.includes(version)) this.#upset(version);
    this.#failed = failed;
  }

  #judge(asked: Asked, outcome: NonNullable<Asked['outcome']>): void {
    if ('version' in outcome) {
      // Who was ready answers, and nobody else: also when a request names no version.
      if (asked.ready !== undefined) expect(outcome.version).toBe(asked.ready);
      return;
    }
    expect(outcome.error).toBeInstanceOf(AppError);
    const isLate = this.#serving.clock.monotonicMs() >= asked.deadlineMs;
    if (outcome.error instanceof AppError && outcome.error.code === 'deadline_exceeded') expect(isLate).toBe(true);
    const isExcused = isLate || asked.body.startsWith('poison') || asked.ready === undefined;
    if (!isExcused)
      expect(this.#upsetsOf(asked.ready), `${asked.body}: ${outcome.error}`).toBeGreaterThan(asked.upsets);
  }

  #upsetsOf(version: string | undefined): number {
    return this.#upsets.get(version ?? '') ?? 0;
  }

  #upset(version: string): void {
    this.#upsets.set(version, this.#upsetsOf(version) + 1);
  }
}
