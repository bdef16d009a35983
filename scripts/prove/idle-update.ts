import type { Server } from '../../test/helpers/acceptance/server.ts';
import { beginUpdate, eventsOf, rolloutEnd, type WireEvent } from '../../test/helpers/updates/rollouts.ts';
import { versionModel } from '../../test/helpers/updates/version-model.ts';

/** Its versions both stay in memory after the update, as they do by default. */
export const IDLE_MODEL_ID = 'idle';

export interface IdleUpdate {
  /** As it ended, or `paused`. */
  readonly outcome: string;
  readonly durationMs: number;
  /** Comparisons on made-up inputs that the stages were passed on, by the events' own words. */
  readonly madeUpPairs: number;
  readonly liveAnswers: number;
}

/** Updates a model that nobody asks, as an update is by default. */
export async function updateIdleModel(server: Server): Promise<IdleUpdate> {
  server.home.add(IDLE_MODEL_ID, versionModel({ offset: 1 }), '1');
  const { status } = await server.load(IDLE_MODEL_ID, { version: '1' });
  if (status !== 200) throw new Error(`the idle model was not loaded: ${status}`);
  server.home.add(IDLE_MODEL_ID, versionModel({ offset: 2 }), '2');
  const startedAt = performance.now();
  const { rollout_id: id } = await beginUpdate(server, IDLE_MODEL_ID, '2', {});
  const { outcome } = await rolloutEnd(server, id, 300_000);
  const durationMs = performance.now() - startedAt;
  const checks = outcome === null ? [] : samplesChecks(await eventsOf(server, id));
  return {
    outcome: outcome ?? 'paused',
    durationMs,
    madeUpPairs: sum(checks.map((check) => Number(check['synthetic_pairs']))),
    liveAnswers: sum(checks.map((check) => Number(check['live']))),
  };
}

function samplesChecks(events: readonly WireEvent[]): readonly Readonly<Record<string, unknown>>[] {
  return events.flatMap(({ gate }) => gate?.checks ?? []).filter(({ name }) => name === 'samples');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
