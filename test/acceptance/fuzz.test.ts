import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { anyRequests, type FuzzedRequest, inferences, wireBytes } from '../helpers/acceptance/fuzzed-requests.ts';
import { malformedHttp } from '../helpers/acceptance/malformed-http.ts';
import { RawClient } from '../helpers/acceptance/raw-client.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { patiently, payloadBytes, runnerOf, versionOf } from '../helpers/acceptance/views.ts';
import { addOne, bytesIdentity, identity, twoInputsDifferentDims } from '../helpers/onnx/models.ts';

const MIB = 2 ** 20;
/** The same requests in every run; a failure prints it with the path to the smallest one that fails. */
const SEED = 20_261_124;
/** Requests at the same time, in one run of a property. */
const TOGETHER = 10;
/** What the garbage collector may leave lying about on the way. */
const TOLERANCE_BYTES = 96 * MIB;

const models = {
  echo: identity('INT64', [-1]),
  floats: addOne(),
  text: bytesIdentity(),
  pair: twoInputsDifferentDims(),
};

let server: Server;
let runners: readonly number[];

beforeAll(async () => {
  server = await Server.start({ args: ['--log-level', 'error'] });
  for (const [name, file] of Object.entries(models)) {
    server.home.add(name, file);
    expect((await server.load(name)).status).toBe(200);
  }
  runners = await Promise.all(Object.keys(models).map((name) => runnerOf(server, name)));
  await fuzz(inferences(Object.keys(models)), 60, SEED - 1, send);
});

afterAll(() => server[Symbol.asyncDispose]());

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** The statuses of the answers to one thing that was sent. */
type Send<T> = (sent: T) => Promise<readonly number[]>;

async function send(request: FuzzedRequest): Promise<readonly number[]> {
  using client = await RawClient.connect(server);
  client.write(wireBytes(request));
  const { statuses } = await client.answer();
  if (statuses.length === 0) throw new Error('no answer');
  return statuses;
}

/** The client says that nothing more comes, as most of this would have the server wait for more. */
async function sendRaw(bytes: Buffer): Promise<readonly number[]> {
  using client = await RawClient.connect(server);
  client.write(bytes);
  client.socket.end();
  return (await client.answer()).statuses;
}

async function fuzz<T>(arbitrary: fc.Arbitrary<T>, runs: number, seed: number, by: Send<T>): Promise<void> {
  const some = fc.array(arbitrary, { minLength: TOGETHER, maxLength: TOGETHER });
  const property = fc.asyncProperty(some, async (requests) => {
    const statuses = (await Promise.all(requests.map(by))).flat();
    expect(statuses.filter((status) => status >= 500 && ![503, 504, 507].includes(status))).toEqual([]);
    expect(server.process.exitCode).toBeNull();
  });
  await fc.assert(property, { numRuns: runs, seed });
}

/** Every model answers, by the process that it began with, and nothing of any request is left. */
async function isUnharmed(): Promise<void> {
  expect(await Promise.all(Object.keys(models).map((name) => runnerOf(server, name)))).toEqual(runners);
  for (const name of Object.keys(models)) {
    const { state, statistics } = await versionOf(server, name);
    expect({ state, restarts: statistics.restarts }).toEqual({ state: 'ready', restarts: 0 });
  }
  expect(await echoFault(server, 'echo', 42)).toBeUndefined();
  await patiently(async () => expect(await payloadBytes(server)).toBe(0));
  // `error` is for what somebody has to act on; no request is.
  expect(server.log).toBe('');
}

describe('whatever is sent, nothing but the request fails', () => {
  test('inferences with any body and headers, and the memory stays', async () => {
    const before = residentBytes(server.pid);
    await fuzz(inferences([...Object.keys(models), 'nothing']), 160, SEED, send);
    await isUnharmed();
    expect(residentBytes(server.pid) - before).toBeLessThan(TOLERANCE_BYTES);
  });

  test('any method, path, query, headers and body', async () => {
    const before = residentBytes(server.pid);
    await fuzz(anyRequests, 160, SEED, send);
    await isUnharmed();
    expect(residentBytes(server.pid) - before).toBeLessThan(TOLERANCE_BYTES);
  });

  test('what is hardly HTTP', async () => {
    const before = residentBytes(server.pid);
    await fuzz(malformedHttp, 120, SEED, sendRaw);
    await isUnharmed();
    expect(residentBytes(server.pid) - before).toBeLessThan(TOLERANCE_BYTES);
  });
});
