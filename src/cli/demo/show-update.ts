import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { Rollout } from '../../http/schemas/rollout.ts';
import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { updateEvents } from '../update-events.ts';
import { Ladder } from './ladder.ts';
import type { Stage } from './step.ts';

const LOOK_EVERY_MS = 150;

/** Begins an update of the irises, draws it until it has ended, and resolves with how it stands then. */
export async function showUpdate(
  { screen, client, signal }: Stage,
  newVersion: string,
): Promise<z.output<typeof Rollout>> {
  const call = updateCall(newVersion);
  screen.curl(client.url, call);
  let view = (await client.json(call, Rollout, 202)).body;
  const ladder = new Ladder(screen, view);
  const path = `/api/v1/model_serving/rollouts/${view.rollout_id}`;
  const watching = new AbortController();
  const looking = lookAgain(client, path, watching.signal, (seen) => {
    view = seen;
    ladder.draft(seen);
  });
  try {
    for await (const event of updateEvents(`${client.url}${path}`, signal)) ladder.note(event, view);
  } finally {
    watching.abort();
    await looking;
  }
  view = (await client.json({ method: 'GET', path }, Rollout)).body;
  if (view.outcome === 'rolled_back') ladder.fall(view);
  screen.lines(['']);
  return view;
}

function updateCall(newVersion: string): Call {
  return {
    method: 'POST',
    path: '/api/v1/model_serving/update',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model_id: 'iris', new_version: newVersion }),
  };
}

async function lookAgain(
  client: Client,
  path: string,
  signal: AbortSignal,
  onSeen: (view: z.output<typeof Rollout>) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { body } = await client.json({ method: 'GET', path }, Rollout);
      if (!signal.aborted) onSeen(body);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    } catch {
      // It is over, or the events tell what is wrong.
      return;
    }
  }
}
