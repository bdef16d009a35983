import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postRequest } from '../../benchmarks/load/requests.ts';
import { traceLoad } from '../../benchmarks/load/trace-load.ts';
import { floats } from '../helpers/acceptance/ask.ts';
import { binaryBody, bytesOf } from '../helpers/acceptance/binary.ts';
import { leastWork, type ProcessWork, readWork, workPerRequest } from '../helpers/acceptance/process-work.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { identity } from '../helpers/onnx/models.ts';
import { childrenOf } from '../helpers/processes.ts';

const LARGE_BYTES = 600_000;
const ROUNDS = 4;

let server: Server;
let port: number;
let runner: number;

beforeAll(async () => {
  server = await Server.start({ args: ['--log-level', 'warn'] });
  server.home.add('echo', identity('FP32', [-1, -1]));
  await server.load('echo');
  port = Number(new URL(server.url).port);
  runner = childrenOf(server.pid, '/runner/main.js')[0] ?? -1;
});

afterAll(() => server[Symbol.asyncDispose]());

interface Work {
  readonly front: ProcessWork;
  readonly runner: ProcessWork;
}

/**
 * What each of `requests` requests costs, after some that are not counted. It is the least of several rounds: what a
 * process does beside the requests only adds to it, such as V8's waking of its own thread while it collects garbage.
 */
async function measure(request: Buffer, requests: number, concurrency: number): Promise<Work> {
  await traceLoad({ port, requests: new Array<Buffer>(100).fill(request), concurrency });
  const rounds: Work[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = { front: readWork(server.pid), runner: readWork(runner) };
    const { failed } = await traceLoad({ port, requests: new Array<Buffer>(requests).fill(request), concurrency });
    expect(failed).toBe(0);
    rounds.push({
      front: workPerRequest(before.front, readWork(server.pid), requests),
      runner: workPerRequest(before.runner, readWork(runner), requests),
    });
  }
  return {
    front: leastWork(rounds.map((round) => round.front)),
    runner: leastWork(rounds.map((round) => round.runner)),
  };
}

function smallRequest(): Buffer {
  const bytes = Buffer.from(JSON.stringify({ inputs: floats(1, 2, 3, 4) }));
  return postRequest(port, '/v2/models/echo/infer', { headers: { 'content-type': 'application/json' }, bytes });
}

function largeRequest(): Buffer {
  const data = bytesOf(new Float32Array(LARGE_BYTES / 4).fill(0.5));
  const parameters = { binary_data_size: data.length };
  const input = { name: 'x', shape: [1, LARGE_BYTES / 4], datatype: 'FP32', parameters };
  const { headers, body } = binaryBody({ inputs: [input], parameters: { binary_data_output: true } }, data);
  return postRequest(port, '/v2/models/echo/infer', { headers, bytes: body });
}

// The limits leave room for what the processes do beside the requests, and none for a call or a copy more per request.
describe.skipIf(process.platform !== 'linux')('the work of a request', () => {
  test('that is small and alone: the front reads it, hands it on, reads the answer and sends it; the runner reads it, notes it and answers', async () => {
    const { front, runner: other } = await measure(smallRequest(), 1000, 1);
    expect(front.reads).toBeLessThan(2.5);
    expect(front.writes).toBeLessThan(2.5);
    expect(other.reads).toBeLessThan(1.5);
    expect(other.writes).toBeLessThan(2.5);
  });

  test('that is small, among 32: the front reads it and answers it, and all else is shared by a batch', async () => {
    const { front, runner: other } = await measure(smallRequest(), 1000, 32);
    expect(front.reads).toBeLessThan(1.6);
    expect(front.writes).toBeLessThan(1.6);
    expect(other.reads).toBeLessThan(0.6);
    expect(other.writes).toBeLessThan(0.8);
  });

  test.each([1, 4])(
    'of 600 kB that is answered with as much, %i at a time: the front takes in the body and the answer once each and gives both on once, the runner takes in the one and gives out the other',
    async (concurrency) => {
      const { front, runner: other } = await measure(largeRequest(), 200, concurrency);
      expect(front.readBytes / LARGE_BYTES).toBeLessThan(2.2);
      expect(front.writtenBytes / LARGE_BYTES).toBeLessThan(2.2);
      expect(other.readBytes / LARGE_BYTES).toBeLessThan(1.2);
      expect(other.writtenBytes / LARGE_BYTES).toBeLessThan(1.2);
      // How many pieces the body comes in is the kernel's choice: each is written once, then come the frame and the answer.
      expect(front.writes).toBeLessThan(front.reads + 3);
      expect(other.reads).toBeLessThan(6);
      expect(other.writes).toBeLessThan(6);
    },
  );
});
