import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Serves one file over HTTP, and can stop in the middle of it. */
export class FileServer implements AsyncDisposable {
  /** What was asked for: the `Range` of each request, or undefined for all. */
  readonly ranges: (string | undefined)[] = [];
  readonly #server: HttpServer;
  readonly #file: Uint8Array;
  /** What becomes of the next responses: after this part of the file the connection is cut, or nothing more comes. */
  #interruptions: ('cut' | 'wait')[] = [];
  #resume = Promise.withResolvers<void>();

  private constructor(file: Uint8Array) {
    this.#file = file;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(file: Uint8Array): Promise<FileServer> {
    const server = new FileServer(file);
    await new Promise<void>((done) => {
      server.#server.listen(0, '127.0.0.1', done);
    });
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** How the next responses go, after half of what they have to send. */
  interrupt(...how: readonly ('cut' | 'wait')[]): void {
    this.#interruptions = [...how];
  }

  /** Lets those that wait go on. */
  resume(): void {
    this.#resume.resolve();
    this.#resume = Promise.withResolvers();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { range } = request.headers;
    this.ranges.push(range);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const total = this.#file.length;
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"one"',
      'content-length': total - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
    });
    const how = this.#interruptions.shift();
    if (how === undefined) {
      response.end(this.#file.subarray(from));
      return;
    }
    const half = from + Math.floor((total - from) / 2);
    await new Promise<void>((written) => {
      response.write(this.#file.subarray(from, half), () => written());
    });
    if (how === 'wait') await this.#resume.promise;
    if (how === 'cut') response.destroy();
    else response.end(this.#file.subarray(half));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => {
      this.#server.close(() => done());
    });
  }
}
