import { parentPort, workerData } from 'node:worker_threads';
import { type StoreReply, type StoreRequest, toWireError, type WorkerSettings } from './messages.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The entry of the store's thread: opens the file, then answers one request after the other. */

const port = parentPort;
if (port === null) throw new Error('store-worker runs as a worker thread only');

const answer = (id: number, action: () => unknown): boolean => {
  let reply: StoreReply;
  try {
    reply = { id, ok: true, value: action() };
  } catch (error) {
    reply = { id, ok: false, error: toWireError(error) };
  }
  port.postMessage(reply);
  return reply.ok;
};

let store: SqliteStore | undefined;
const opened = answer(0, () => {
  // open-store gives exactly this.
  store = new SqliteStore(workerData as WorkerSettings);
});
if (!opened) port.close();

port.on('message', (request: StoreRequest) => {
  answer(request.id, () => {
    if (store === undefined) throw new Error('the store is not open');
    if (request.call === 'close') return store[Symbol.dispose]();
    // The front's typed methods are the only callers, so call and arguments match.
    const method = store[request.call] as (...args: readonly unknown[]) => unknown;
    return method.apply(store, [...request.args]);
  });
  if (request.call === 'close') port.close();
});
