import { z } from 'zod';
import { Gate } from '../http/schemas/gate.ts';
import { Facts } from '../http/schemas/rollout.ts';

/** What is read of an update's events; they have more. */
const UpdateEvent = z.object({
  type: z.string(),
  phase: z.string().optional(),
  stage: z.int().optional(),
  reason: z.string().optional(),
  cause: z.string().optional(),
  /** What the stage before was passed on. */
  gate: Gate.nullish(),
  facts: Facts,
});

export type UpdateEvent = z.output<typeof UpdateEvent>;

/**
 * The events of an update, from the first one, each as soon as it is there, until the update has ended.
 * @param url of the update, as the `location` of the answer that began it says
 * @throws Error where they can not be had or read
 */
export async function* updateEvents(
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<UpdateEvent> {
  const response = await fetch(`${url}/events`, { signal, headers });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`GET ${url}/events was answered ${response.status}: ${await response.text()}`);
  }
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const messages = (text + chunk).split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const data = message.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : []));
      if (data.length > 0) yield UpdateEvent.parse(JSON.parse(data.join('\n')));
    }
  }
}
