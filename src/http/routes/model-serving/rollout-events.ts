import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { disconnectSignal } from '../../disconnect-signal.ts';
import { eventStream } from '../../events/event-stream.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentRolloutEvent } from '../../presenters/rollout-event.ts';
import { MODEL_READ, problems } from '../../schemas/errors.ts';
import { RolloutParams } from '../../schemas/rollout.ts';

/** Proxies end connections that are silent for a minute, some for half of that. */
const DEFAULT_HEARTBEAT_MS = 15_000;

const Sequence = z
  .string()
  .regex(/^\d{1,15}$/, 'expected the number of an event')
  .transform(Number);

const EventsQuery = z.strictObject({
  after: Sequence.optional().meta({ description: 'The number of the last event that is known already.' }),
});

/** Others pass: what a request brings besides is not this route's business. */
const EventsHeaders = z.looseObject({
  'last-event-id': Sequence.optional().meta({
    description: 'As `after`, and over it: browsers send it by themselves.',
  }),
});

const EVENTS_RESPONSE = {
  description:
    'Server-sent events: `id` is the number of the entry in the log, `event` its type, `data` the entry as JSON. The stream ends after the event that ends the update.',
  // A stream is sent as it is: nothing is validated.
  content: { 'text/event-stream': { schema: z.any().meta({ type: 'string' }) } },
};

export function rolloutEventsRoute(app: ZodApp, { rollouts, options }: RouteDependencies): void {
  const ending = new AbortController();
  // An open stream would keep the server from closing.
  app.addHook('preClose', (done) => {
    ending.abort();
    done();
  });
  app.get(
    '/rollouts/:rollout_id/events',
    {
      config: { access: ['admin'] },
      // Fastify would read the whole stream away for it.
      exposeHeadRoute: false,
      schema: {
        tags: ['updates'],
        operationId: 'streamRolloutEvents',
        summary: 'What happens to an update, as server-sent events',
        params: RolloutParams,
        querystring: EventsQuery,
        headers: EventsHeaders,
        response: {
          200: EVENTS_RESPONSE,
          204: z.null().describe('The update has ended, and all of its events are known.'),
          ...problems(...MODEL_READ),
        },
      },
    },
    async (request, reply) => {
      const { rollout_id: id } = request.params;
      const after = request.headers['last-event-id'] ?? request.query.after ?? 0;
      // Here, as what is unknown must be refused before the stream begins.
      const { outcome, lastEvent } = rollouts.describe(id);
      // Browsers connect anew whenever a stream ends; 204 tells them not to.
      if (outcome !== undefined && after >= lastEvent) return reply.code(204).send(null);
      const signal = AbortSignal.any([disconnectSignal(reply.raw), ending.signal]);
      const stream = eventStream(rollouts.events(id, after, signal), {
        present: (event) => ({ id: event.sequence, type: event.type, data: presentRolloutEvent(event) }),
        heartbeatMs: options.eventHeartbeatMs ?? DEFAULT_HEARTBEAT_MS,
        signal,
      });
      cutOffWhoDoesNotRead(reply, ending.signal);
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .header('connection', 'close')
        .send(Readable.from(stream, { objectMode: false }));
    },
  );
}

/** The end of a stream reaches only those who take what comes before it. */
function cutOffWhoDoesNotRead({ raw }: FastifyReply, ending: AbortSignal): void {
  const end = (): void => {
    if (raw.writableNeedDrain) raw.destroy();
  };
  ending.addEventListener('abort', end, { once: true });
  raw.once('close', () => ending.removeEventListener('abort', end));
}
