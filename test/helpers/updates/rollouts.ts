import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../acceptance/server.ts';

const API = '/api/v1/model_serving';
const POLL_MS = 50;

/** What is read of an update, as it is on the wire. */
export interface WireRollout {
  readonly rollout_id: string;
  readonly from_version: string;
  readonly to_version: string;
  readonly state: string;
  readonly stage: number;
  readonly outcome: 'completed' | 'rolled_back' | 'aborted' | null;
  readonly rollback: { readonly reason: string; readonly facts: Readonly<Record<string, unknown>> } | null;
  readonly pause: { readonly reason: string } | null;
  readonly fallbacks: { readonly answered: number; readonly failed: number };
  readonly last_event: number;
}

export interface WireEvent {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly phase?: string;
  readonly stage?: number;
  readonly reason?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly gate?: {
    readonly checks: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
  } | null;
}

/** All seven stages, each as short as it can be and still be judged by answers. */
export const SHORT_STAGES = {
  stages: [5, 15, 30, 50, 75, 90, 100].map((percent) => ({ percent, min_dwell_ms: 300, min_samples: 20 })),
  first_pairs: 20,
  first_time_pairs: 20,
  bake_ms: 500,
  keep_previous_ms: 0,
};

/** @throws Error unless the update is accepted */
export async function beginUpdate(
  server: Server,
  modelId: string,
  version: string,
  more: Readonly<Record<string, unknown>> = { strategy: SHORT_STAGES },
): Promise<WireRollout> {
  const body = { model_id: modelId, new_version: version, ...more };
  const { status, body: answer } = await server.post<WireRollout>(`${API}/update`, body);
  if (status !== 202) throw new Error(`the update was refused: ${status} ${JSON.stringify(answer)}`);
  return answer;
}

export async function rolloutOf(server: Server, id: string): Promise<WireRollout> {
  const { status, body } = await server.request<WireRollout>(`${API}/rollouts/${id}`);
  if (status !== 200) throw new Error(`rollout ${id}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Waits for an update to be as it should. Gives up where it has ended and never will be. */
export async function rolloutUntil(
  server: Server,
  id: string,
  holds: (rollout: WireRollout) => boolean,
  timeoutMs = 120_000,
): Promise<WireRollout> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const rollout = await rolloutOf(server, id);
    if (holds(rollout)) return rollout;
    if (rollout.outcome !== null || performance.now() > giveUpAt) {
      throw new Error(`the update did not come to be as awaited: ${JSON.stringify(rollout)}`);
    }
    await delay(POLL_MS);
  }
}

/** Waits for an update's end, or for its being paused until a person decides. */
export function rolloutEnd(server: Server, id: string, timeoutMs?: number): Promise<WireRollout> {
  return rolloutUntil(server, id, ({ outcome, pause }) => outcome !== null || pause !== null, timeoutMs);
}

/** Every event of an update that has ended. */
export async function eventsOf(server: Server, id: string): Promise<readonly WireEvent[]> {
  const { status, body } = await server.request<string>(`${API}/rollouts/${id}/events`);
  if (status !== 200) throw new Error(`the events of ${id}: ${status} ${body}`);
  return eventsIn(body);
}

/** The events in the text of a stream, as far as they are all there. */
export function eventsIn(text: string): readonly WireEvent[] {
  // What follows the last empty line is cut off.
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      return data === undefined ? [] : [JSON.parse(data) as WireEvent];
    });
}

/** Whether the log has the numbers 1 to n, each once and in order. */
export function isGapless(events: readonly WireEvent[]): boolean {
  return events.length > 0 && events.every(({ sequence }, index) => sequence === index + 1);
}

export async function abort(server: Server, id: string): Promise<void> {
  await server.post(`${API}/rollouts/${id}/abort`, {});
}
