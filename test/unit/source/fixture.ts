import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalog } from '../../../src/adapters/source/catalog.ts';
import { createModelSource, type ModelSourceOptions } from '../../../src/adapters/source/model-source.ts';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import type { Catalog, CatalogVersion, FetchProgress, ModelSource } from '../../../src/serving/ports/catalog.ts';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw new Error('expected an AppError', { cause: error });
}

/** A repository and a data directory of their own, gone when disposed of. */
export class SourceFixture implements AsyncDisposable {
  readonly base: string;
  readonly repository: string;
  readonly dataDir: string;
  readonly catalog: Catalog;
  readonly progress: FetchProgress[] = [];
  readonly delays: number[] = [];
  /** Called with each progress: a server can cut the connection once bytes are known to have arrived. */
  onProgress: (progress: FetchProgress) => void = () => undefined;

  private constructor(base: string) {
    this.base = base;
    this.repository = join(base, 'repository');
    this.dataDir = join(base, 'data');
    this.catalog = createCatalog({ repositoryDir: this.repository, dataDir: this.dataDir, modelName: undefined });
  }

  static async create(): Promise<SourceFixture> {
    return new SourceFixture(await mkdtemp(join(tmpdir(), 'source-')));
  }

  source(options: Partial<ModelSourceOptions> = {}): ModelSource {
    return createModelSource({
      dataDir: this.dataDir,
      catalog: this.catalog,
      allowedRoots: [this.repository],
      allowedUrls: [],
      delay: async (ms) => {
        this.delays.push(ms);
      },
      ...options,
    });
  }

  /** The files that a fetch gives. */
  async fetch(
    from: ModelSource,
    source: string,
    options: { modelId?: string; version?: string; sha256?: string; signal?: AbortSignal } = {},
  ): Promise<CatalogVersion> {
    const { files } = await from.fetch({
      modelId: parseModelId(options.modelId ?? 'org/iris'),
      version: parseVersion(options.version ?? '1'),
      source,
      sha256: options.sha256,
      signal: options.signal ?? new AbortController().signal,
      onProgress: (progress) => {
        this.progress.push(progress);
        this.onProgress(progress);
      },
    });
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.base, { recursive: true, force: true });
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server on a free port of 127.0.0.1. */
export class TestServer implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, requests: IncomingMessage[]) {
    this.#server = server;
    this.requests = requests;
    // A server that listens on TCP has an AddressInfo.
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(handler: Handler): Promise<TestServer> {
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      handler(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestServer(server, requests);
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
