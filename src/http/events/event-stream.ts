/** https://html.spec.whatwg.org/multipage/server-sent-events.html */

interface ServerSentEvent {
  readonly id: number;
  readonly type: string;
  readonly data: unknown;
}

interface StreamOptions<T> {
  readonly present: (event: T) => ServerSentEvent;
  /** After so long without an event comes a comment. */
  readonly heartbeatMs: number;
  /** Ends the stream, in order, between two events. */
  readonly signal: AbortSignal;
}

/** How long a browser waits before it connects anew. */
const RETRY_MS = 2000;

/** The lines of a stream of events. An event is taken when there is room for it: who reads slowly is not read ahead for. */
export async function* eventStream<T>(events: AsyncIterable<T>, options: StreamOptions<T>): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    // At once, so that the client sees that it is connected.
    yield `retry: ${RETRY_MS}\n\n`;
    let next = iterator.next();
    while (!options.signal.aborted) {
      const step = await within(next, options);
      if (step === 'silence') {
        yield ': still here\n\n';
        continue;
      }
      if (step === 'end' || step.done === true) return;
      yield eventText(options.present(step.value));
      next = iterator.next();
    }
  } catch (error) {
    // A source may answer its own signal with a rejection.
    if (!options.signal.aborted) throw error;
  } finally {
    // Not awaited: a source that waits for its next event ends when that comes.
    iterator.return?.().catch(() => undefined);
  }
}

function eventText({ id, type, data }: ServerSentEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The next step of the source, or what comes before it. */
async function within<T>(
  next: Promise<IteratorResult<T>>,
  { heartbeatMs, signal }: Pick<StreamOptions<T>, 'heartbeatMs' | 'signal'>,
): Promise<IteratorResult<T> | 'silence' | 'end'> {
  const { promise, resolve } = Promise.withResolvers<'silence' | 'end'>();
  const timer = setTimeout(() => resolve('silence'), heartbeatMs);
  const end = (): void => resolve('end');
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
