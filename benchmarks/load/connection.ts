import { connect, type Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

/** All sockets read into it: a callback has used the bytes before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
/** Connections that are opened at once: a server's backlog has an end, and who does not fit waits a second. */
const MOST_OPENING = 100;

/** One kept-alive connection, with at most one request under way. */
export class Connection {
  /** Called with the status when the answer is all there. */
  onAnswer: (status: number) => void = () => {};
  /** Called once when the connection ends before it was closed from this side. */
  onLost: (reason: Error) => void = () => {};
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(port: number, opened: () => void, refused: (reason: Error) => void) {
    const reader = new ResponseReader((status) => this.onAnswer(status));
    this.onLost = refused;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          try {
            reader.push(READ_BUFFER.subarray(0, length));
          } catch (error) {
            this.#lose(error instanceof Error ? error : new Error(String(error)));
          }
          return true;
        },
      },
    });
    this.#socket.once('connect', opened);
    this.#socket.on('error', (error) => this.#lose(error));
    this.#socket.once('close', () => this.#lose(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const connection = new Connection(port, resolve, reject);
    await promise;
    connection.onLost = () => {};
    return connection;
  }

  static async openAll(port: number, count: number): Promise<Connection[]> {
    const connections: Connection[] = [];
    while (connections.length < count) {
      const some = Math.min(MOST_OPENING, count - connections.length);
      connections.push(...(await Promise.all(Array.from({ length: some }, () => Connection.open(port)))));
    }
    return connections;
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #lose(reason: Error): void {
    if (this.#isClosed) return;
    this.close();
    this.onLost(reason);
  }
}
