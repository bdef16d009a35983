import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeetingPlace } from './messages.ts';

const TOKEN_BYTES = 32;

/**
 * Makes a connected pair of sockets between two threads, for which Node has no call: one end is `met`, the other that of
 * the thread which connects to `place` and writes its token. Others may try and get nothing. There for one pair only.
 */
export class Rendezvous implements AsyncDisposable {
  readonly place: MeetingPlace;
  readonly #server: Server;
  readonly #directory: string | undefined;
  readonly #met = Promise.withResolvers<Socket>();
  /** Connections that have not shown the token. */
  readonly #strangers = new Set<Socket>();
  #isOver = false;

  private constructor(path: string, directory: string | undefined) {
    this.place = { path, token: randomBytes(TOKEN_BYTES) };
    this.#directory = directory;
    this.#server = createServer((socket) => this.#admit(socket));
    // A connection that could not be accepted may have been the one.
    this.#server.on('error', (error) => this.#met.reject(error));
    // Nobody may be waiting for it any more.
    this.#met.promise.catch(() => {});
  }

  /**
   * @param named in a directory that is nobody else's. Otherwise it is an abstract address, which Linux alone has: no
   *   file, so that nothing can be left behind.
   */
  static async open(named: boolean = process.platform !== 'linux'): Promise<Rendezvous> {
    const directory = named ? await mkdtemp(join(tmpdir(), 'echoserve-')) : undefined;
    const path = directory === undefined ? `\0echoserve-${randomBytes(16).toString('hex')}` : join(directory, 'socket');
    const rendezvous = new Rendezvous(path, directory);
    try {
      rendezvous.#server.listen(path);
      await once(rendezvous.#server, 'listening');
      return rendezvous;
    } catch (error) {
      await rendezvous[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The end that is this thread's, and from now on the caller's. Rejects when it is over before anybody came. */
  get met(): Promise<Socket> {
    return this.#met.promise;
  }

  #admit(socket: Socket): void {
    this.#strangers.add(socket);
    // Whoever is handed the socket has a listener of its own.
    socket.on('error', () => {});
    socket.once('close', () => this.#strangers.delete(socket));
    const check = () => {
      const token: Buffer | null = socket.read(TOKEN_BYTES);
      if (token === null) return;
      socket.off('readable', check);
      // Shorter where it ended.
      if (this.#isOver || token.length !== TOKEN_BYTES || !timingSafeEqual(token, this.place.token)) {
        socket.destroy();
        return;
      }
      this.#strangers.delete(socket);
      this.#met.resolve(socket);
    };
    socket.on('readable', check);
  }

  /** Closes the place, and whatever connection has not been handed out. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server.close();
    for (const stranger of this.#strangers) stranger.destroy();
    this.#met.reject(new Error('nobody came'));
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }
}
