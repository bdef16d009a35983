import { connect, type Socket } from 'node:net';
import type { Server } from './server.ts';

export interface RawAnswer {
  /** Undefined: the connection ended without an answer. */
  readonly status: number | undefined;
  readonly head: string;
  readonly body: string;
  /** Of every response that came, to what was sent as one request or as several. */
  readonly statuses: readonly number[];
}

/** A connection of which every byte is the test's own. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #ended = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    // A reset is an end like any other here.
    socket.on('error', () => {});
    socket.on('close', () => this.#ended.resolve());
  }

  static async connect(server: Server): Promise<RawClient> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    socket.setNoDelay(true);
    return new RawClient(socket);
  }

  write(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** Everything that came, once the server has ended the connection. */
  async answer(): Promise<RawAnswer> {
    await this.#ended.promise;
    return parse(Buffer.concat(this.#chunks).toString('latin1'));
  }

  /** What came so far. */
  get received(): RawAnswer {
    return parse(Buffer.concat(this.#chunks).toString('latin1'));
  }

  get isClosed(): boolean {
    return this.socket.closed;
  }

  /** Goes away without a word. */
  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** The head of an inference with a JSON body of so many bytes. */
export function inferHead(modelId: string, contentLength: number, ...headers: string[]): string {
  const lines = [
    `POST /v2/models/${modelId}/infer HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${contentLength}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function parse(text: string): RawAnswer {
  const split = text.indexOf('\r\n\r\n');
  const [head, body] = split === -1 ? [text, ''] : [text.slice(0, split), text.slice(split + 4)];
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  const statuses = Array.from(text.matchAll(/^HTTP\/1\.1 (\d{3})/gm), (match) => Number(match[1]));
  return { status: status === undefined ? undefined : Number(status), head, body, statuses };
}
