import { expect, test } from 'vitest';
import { Server } from '../helpers/acceptance/server.ts';
import { patiently, runnerOf, unload, until, untilReplaced, versionOf } from '../helpers/acceptance/views.ts';
import { COUNTER_STATE, counter } from '../helpers/onnx/lstm.ts';

const MANIFEST = JSON.stringify({ state: COUNTER_STATE, options: { max_sequences: 3 } });

interface Wire {
  readonly type?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[];
}

interface Position {
  readonly id?: string | number;
  readonly start?: boolean;
  readonly end?: boolean;
}

async function serverWithCounter(versions: readonly string[] = ['1']): Promise<Server> {
  const server = await Server.start();
  for (const version of versions) server.home.add('counter', counter(), version);
  server.home.write('models/counter/model.json', MANIFEST);
  expect((await server.load('counter', { version: versions[0] })).status).toBe(200);
  return server;
}

/** The status, and the sum that the counter has come to or the code of the error. */
async function add(server: Server, x: number, { id, start, end }: Position = {}, headers: Record<string, string> = {}) {
  const body = {
    parameters: { sequence_id: id, sequence_start: start, sequence_end: end },
    inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [x] }],
  };
  const answer = await server.post<Wire>('/api/v1/model_serving/models/counter/infer', body, headers);
  const { outputs, type } = answer.body;
  return [answer.status, outputs?.[0]?.data[0] ?? type?.replace('urn:echoserve:error:', '')];
}

test('sequences of a model with states go on from request to request, each by itself', async () => {
  await using server = await serverWithCounter();
  const large = '"sequence_id":9007199254740993';
  const inputs = '"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[5]}]';
  const exact = { method: 'POST', body: `{"parameters":{${large},"sequence_start":true},${inputs}}` };
  expect((await server.request<Wire>('/v2/models/counter/infer', exact)).body.outputs?.[0]?.data).toEqual([5]);
  expect(await add(server, 1, { id: 'a', start: true })).toEqual([200, 1]);
  expect(await add(server, 10, { id: '9007199254740992', start: true })).toEqual([200, 10]);
  expect(await add(server, 2, { id: 'a' })).toEqual([200, 3]);
  expect(await add(server, 7)).toEqual([200, 7]);
  expect(await add(server, 1, { id: 'd', start: true })).toEqual([429, 'queue_full']);
  await until(server, 'counter', (version) => {
    expect(version).toMatchObject({ stateful: { open_sequences: 3, max_sequences: 3, sequence_idle_ms: 60_000 } });
  });
  const metrics = await server.request<string>('/metrics');
  expect(metrics.body).toContain('echoserve_open_sequences{model="counter",version="1"} 3');
  expect(await add(server, 3, { id: 'a', end: true })).toEqual([200, 6]);
  expect(await add(server, 3, { id: 'a' })).toEqual([400, 'invalid_request']);
  const again = exact.body.replace('"sequence_start":true', '"sequence_end":true');
  const end = await server.request<Wire>('/v2/models/counter/infer', { ...exact, body: again });
  expect(end.body.outputs?.[0]?.data).toEqual([10]);
});

test('its states are nothing that clients see, ask for or give', async () => {
  await using server = await serverWithCounter();
  const { body } = await server.request<Record<string, unknown>>('/v2/models/counter');
  expect([body['inputs'], body['outputs']]).toEqual([
    [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
    [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
  ]);
  expect(await versionOf(server, 'counter')).toMatchObject({
    inputs: [{ name: 'x' }],
    outputs: [{ name: 'y' }],
    stateful: { tensors: [{ input: 'h', output: 'h_out', datatype: 'FP32', shape: [-1, 1] }] },
  });
  const x = { name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] };
  const asked = await server.post<Wire>('/v2/models/counter/infer', { inputs: [x], outputs: [{ name: 'h_out' }] });
  const given = await server.infer('counter', [x, { ...x, name: 'h' }]);
  for (const { status, body: refusal } of [asked, given]) {
    expect([status, refusal.error]).toEqual([400, expect.stringMatching(/is unknown: the model has "[xy]"/)]);
  }
});

test('when its process is killed a sequence is told to be lost, and can be started again', async () => {
  await using server = await serverWithCounter();
  await add(server, 1, { id: 'a', start: true });
  expect(await add(server, 2, { id: 'a' })).toEqual([200, 3]);
  const pid = await runnerOf(server, 'counter');
  process.kill(pid, 'SIGKILL');
  // It waits for the fresh process, which knows that there was one before it.
  expect(await add(server, 3, { id: 'a' })).toEqual([409, 'sequence_lost']);
  await untilReplaced(server, 'counter', pid);
  expect(await add(server, 3, { id: 'a' })).toEqual([409, 'sequence_lost']);
  expect(await add(server, 4, { id: 'a', start: true })).toEqual([200, 4]);
  expect(await add(server, 1, { id: 'a' })).toEqual([200, 5]);
});

test('no answer is wrong while the process is killed in the midst of sequences', async () => {
  await using server = await serverWithCounter();
  let isOver = false;
  const wrong: unknown[] = [];
  let answered = 0;
  let lost = 0;
  const client = async (id: string) => {
    let [sum, isOpen] = [0, false];
    while (!isOver) {
      const [status, value] = await add(server, 1, { id, start: !isOpen });
      sum = isOpen ? sum + 1 : 1;
      isOpen = status === 200;
      if (status === 409) lost += 1;
      else if (status === 200) answered += 1;
      if (status !== 409 && (status !== 200 || value !== sum)) wrong.push([id, status, value, sum]);
    }
  };
  const clients = ['a', 'b', 'c'].map(client);
  for (let round = 1; round <= 2; round += 1) {
    const before = answered;
    await patiently(() => expect(answered).toBeGreaterThan(before + 30));
    const pid = await runnerOf(server, 'counter');
    process.kill(pid, 'SIGKILL');
    await patiently(() => expect(lost).toBeGreaterThanOrEqual(3 * round));
    await untilReplaced(server, 'counter', pid);
  }
  isOver = true;
  await Promise.all(clients);
  expect(wrong).toEqual([]);
});

test('what was unloaded and is loaded again, also by another start of the server, has lost its sequences', async () => {
  await using server = await serverWithCounter();
  expect(await add(server, 3, { id: 'never' })).toEqual([400, 'invalid_request']);
  await add(server, 1, { id: 'a', start: true });
  await unload(server, 'counter');
  await server.load('counter');
  expect(await add(server, 3, { id: 'a' })).toEqual([409, 'sequence_lost']);
  await add(server, 1, { id: 'a', start: true });
  await server.stop('SIGKILL');
  await using next = await Server.start({ home: server.home });
  await until(next, 'counter', ({ state }) => expect(state).toBe('ready'));
  expect(await add(next, 3, { id: 'a' })).toEqual([409, 'sequence_lost']);
});

test('states that the model has not, or more than one process, are refused', async () => {
  await using server = await Server.start();
  for (const name of ['wrong', 'several']) server.home.add(name, counter());
  server.home.write('models/wrong/model.json', JSON.stringify({ state: [{ input: 'h', output: 'nothing' }] }));
  server.home.write('models/several/model.json', JSON.stringify({ state: COUNTER_STATE, options: { instances: 2 } }));
  for (const [name, detail] of [
    ['wrong', /no output "nothing": the model has "y", "h_out"/],
    ['several', /one process, and instances is 2/],
  ] as const) {
    const { status, body } = await server.load(name);
    expect([status, body['type'], body['detail']]).toEqual([
      422,
      'urn:echoserve:error:model_unloadable',
      expect.stringMatching(detail),
    ]);
  }
});
