import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which a test writes what no client library would. */
export class RawConnection implements AsyncDisposable {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      socket.emit('text');
    });
    // A reset is what some tests provoke; what matters is what was received before it.
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(...lines: string[]): void {
    this.socket.write(lines.join('\r\n'));
  }

  /** Resolves with all that came so far, once that matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      const ended = await Promise.race([once(this.socket, 'text').then(() => false), this.closed.then(() => true)]);
      if (ended && !pattern.test(this.#received)) throw new Error(`closed after: ${this.#received}`);
    }
    return this.#received;
  }

  async untilClosed(): Promise<string> {
    await this.closed;
    return this.#received;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    return this.closed.then(() => undefined);
  }
}
