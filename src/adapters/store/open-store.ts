import { Worker } from 'node:worker_threads';
import { AppError } from '../../core/errors.ts';
import type {
  DesiredVersion,
  FootprintRecord,
  RolloutEntryRecord,
  RolloutRecord,
  RunnerRecord,
  Store,
} from '../../serving/ports/store.ts';
import {
  fromWireError,
  type StoreCall,
  type StoreCalls,
  type StoreReply,
  type StoreRequest,
  type WorkerSettings,
} from './messages.ts';

export interface OpenStoreOptions {
  /** Told once if the worker ends by itself. Everything asked of the store fails from then on. */
  readonly onError?: (error: AppError) => void;
  /** How long to wait for a server that is just ending, in milliseconds. */
  readonly lockWaitMs?: number;
  /** The worker's entry; a test gives one that misbehaves. */
  readonly entry?: URL;
}

/**
 * Opens `DATA_DIR/state.db`, creating both where they are missing. A commit takes 4 to 16 ms, so the file lives in a
 * worker thread.
 * @throws AppError `conflict` when another server has the directory or a newer one wrote the file, `internal` when the
 *   file is damaged or the directory can not be written
 */
export async function openStore(dataDir: string, options: OpenStoreOptions = {}): Promise<Store> {
  const entry = options.entry ?? new URL(`./store-worker${ownExtension()}`, import.meta.url);
  const settings: WorkerSettings = { dataDir, lockWaitMs: options.lockWaitMs ?? 1000 };
  // Nothing of the process's own flags or environment is the worker's business.
  const worker = new Worker(entry, { workerData: settings, name: 'store', env: {}, execArgv: [] });
  const client = new StoreClient(worker, options.onError);
  await client.opened;
  return client;
}

/** This code runs as .ts in development and as .js when built; the worker is beside it in the same form. */
function ownExtension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js';
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

class StoreClient implements Store {
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextId = 1;
  #isOpen = false;
  #failure: AppError | undefined;
  #closing: Promise<void> | undefined;

  constructor(worker: Worker, onError: ((error: AppError) => void) | undefined) {
    this.#worker = worker;
    this.opened = this.#expect(0).then(() => {
      this.#isOpen = true;
    });
    worker.on('message', (reply: StoreReply) => this.#settle(reply));
    worker.on('error', (error) => {
      this.#failure ??= stopped(error.message, error);
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#failure ??= stopped(`exit code ${code}`);
        for (const { reject } of this.#waiting.values()) reject(this.#failure);
        this.#waiting.clear();
        if (this.#isOpen && this.#closing === undefined) onError?.(this.#failure);
        resolve();
      });
    });
  }

  listDesired(): Promise<readonly DesiredVersion[]> {
    return this.#call('listDesired');
  }
  putDesired(version: DesiredVersion): Promise<void> {
    return this.#call('putDesired', version);
  }
  deleteDesired(modelId: string, version: string): Promise<void> {
    return this.#call('deleteDesired', modelId, version);
  }
  listRunners(): Promise<readonly RunnerRecord[]> {
    return this.#call('listRunners');
  }
  addRunner(runner: RunnerRecord): Promise<void> {
    return this.#call('addRunner', runner);
  }
  removeRunner(pid: number): Promise<void> {
    return this.#call('removeRunner', pid);
  }

  listFootprints(): Promise<readonly FootprintRecord[]> {
    return this.#call('listFootprints');
  }
  putFootprint(record: FootprintRecord): Promise<void> {
    return this.#call('putFootprint', record);
  }
  listRollouts(): Promise<readonly RolloutRecord[]> {
    return this.#call('listRollouts');
  }
  listRolloutEntries(rolloutId: string): Promise<readonly RolloutEntryRecord[]> {
    return this.#call('listRolloutEntries', rolloutId);
  }
  createRollout(rollout: RolloutRecord, first: RolloutEntryRecord): Promise<void> {
    return this.#call('createRollout', rollout, first);
  }
  appendRolloutEntry(rolloutId: string, entry: RolloutEntryRecord, endedAt: number | undefined): Promise<void> {
    return this.#call('appendRolloutEntry', rolloutId, entry, endedAt);
  }
  putRolloutProgress(rolloutId: string, progress: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#call('putRolloutProgress', rolloutId, progress);
  }
  putCleanEnd(): Promise<void> {
    return this.#call('putCleanEnd');
  }
  takeCleanEnd(): Promise<boolean> {
    return this.#call('takeCleanEnd');
  }

  /** What was asked before is still done; what is asked after is refused. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#failure === undefined) await this.#send({ id: this.#nextId++, call: 'close' }).catch(() => undefined);
    await this.#ended;
  }

  async #call<K extends StoreCall>(
    call: K,
    ...args: Parameters<StoreCalls[K]>
  ): Promise<Awaited<ReturnType<StoreCalls[K]>>> {
    if (this.#closing !== undefined) throw new AppError('draining', 'The state store is closed.');
    const value = await this.#send({ id: this.#nextId++, call, args });
    // The worker answers a call with what SyncStore's method of that name returns.
    return value as Awaited<ReturnType<StoreCalls[K]>>;
  }

  #send(request: StoreRequest): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = this.#expect(request.id);
    this.#worker.postMessage(request);
    return answer;
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(reply: StoreReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(fromWireError(reply.error));
  }
}

function stopped(reason: string, cause?: unknown): AppError {
  return new AppError('internal', `The state store stopped: ${reason}.`, {
    cause,
    next: 'Restart the server; state up to the last acknowledged change is on disk.',
  });
}
