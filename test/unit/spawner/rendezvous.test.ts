import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Rendezvous } from '../../../src/adapters/onnx/spawner/rendezvous.ts';

async function open(named: boolean): Promise<Rendezvous> {
  const rendezvous = await Rendezvous.open(named);
  onTestFinished(() => rendezvous[Symbol.asyncDispose]());
  return rendezvous;
}

/** Somebody who connects and writes this. */
async function come(rendezvous: Rendezvous, bytes: Uint8Array): Promise<Socket> {
  const socket = connect(rendezvous.place.path);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** Resolves once it is closed, in order or not. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

describe.each([
  ['in a directory', true],
  ...(process.platform === 'linux' ? [['without a file', false] as const] : []),
] as const)('a meeting place %s', (_, named) => {
  test('connects whoever shows the token, byte by byte if need be', async () => {
    const rendezvous = await open(named);
    const { token } = rendezvous.place;
    const theirs = await come(rendezvous, token.subarray(0, 5));
    theirs.write(token.subarray(5));
    const ours = await rendezvous.met;
    onTestFinished(() => void ours.destroy());
    await rendezvous[Symbol.asyncDispose]();
    const heard = once(ours, 'data');
    theirs.write('after the token');
    expect(String(await heard)).toBe('after the token');
    ours.write('and back');
    expect(String(await once(theirs, 'data'))).toBe('and back');
    const end = closed(ours);
    theirs.destroy();
    await end;
  });

  test('turns away who shows another, or less of it, and still waits for the right one', async () => {
    const rendezvous = await open(named);
    const wrong = await come(rendezvous, new Uint8Array(32));
    await closed(wrong);
    const short = await come(rendezvous, rendezvous.place.token.subarray(0, 31));
    short.end();
    await closed(short);
    await come(rendezvous, rendezvous.place.token);
    (await rendezvous.met).destroy();
  });

  test('is gone afterwards, with those who were still there, and says that nobody came', async () => {
    const rendezvous = await open(named);
    const { path } = rendezvous.place;
    const idle = await come(rendezvous, new Uint8Array(3));
    await rendezvous[Symbol.asyncDispose]();
    await rendezvous[Symbol.asyncDispose]();
    await closed(idle);
    await expect(rendezvous.met).rejects.toThrow('nobody came');
    const [error] = await once(connect(path), 'error');
    expect(error).toMatchObject({ code: named ? 'ENOENT' : 'ECONNREFUSED' });
  });
});

test('a directory is for nobody else, and is removed', async () => {
  const rendezvous = await open(true);
  const directory = dirname(rendezvous.place.path);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  await rendezvous[Symbol.asyncDispose]();
  expect(existsSync(directory)).toBe(false);
});

test.runIf(process.platform === 'linux')('the token is not told by the address, which everybody can read', async () => {
  const { place } = await open(false);
  expect(readFileSync('/proc/net/unix', 'latin1')).toContain(place.path.replace('\0', '@'));
  expect(place.path).not.toContain(Buffer.from(place.token).toString('hex').slice(0, 8));
});
