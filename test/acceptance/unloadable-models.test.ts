import { createHash } from 'node:crypto';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GraphSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../src/adapters/onnx/model-file/writer.ts';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { Home, Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { patiently, statusOf } from '../helpers/acceptance/views.ts';
import { addOne, identity, mlpGraph } from '../helpers/onnx/models.ts';

const API = '/api/v1/model_serving';

/** `mlp` with its first matrix in another file. */
function withWeightsAt(location: string): Uint8Array {
  const { initializers = [], ...graph } = mlpGraph(4, 8, 3, 1);
  const [first, ...rest] = initializers;
  if (first === undefined) throw new Error('mlpGraph has weights');
  const external = { name: first.name, datatype: first.datatype, shape: first.shape, external: { location } };
  return modelProto({ graph: { ...graph, initializers: [external, ...rest] } });
}

function oneNode(op: string): GraphSpec {
  const value = { datatype: 'FP32', shape: [-1, 2] } as const;
  return {
    nodes: [{ op, inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', ...value }],
    outputs: [{ name: 'y', ...value }],
  };
}

/** A file for each way of being no model that can be loaded, and what the refusal must name. */
const BAD: readonly (readonly [name: string, file: Uint8Array | string, reason: RegExp])[] = [
  ['empty', '', /empty/],
  ['text', 'this is not a model at all\n', /not.*ONNX|ONNX/],
  ['corrupt', new Uint8Array(addOne()).fill(0xff, 12, 40), /ONNX|protobuf|field|length/i],
  ['truncated', addOne().subarray(0, 60), /cut|end|longer|ONNX/i],
  ['without-opset', addOne().subarray(0, -4), /opset|ONNX|longer/i],
  ['unknown-opset', modelProto({ graph: oneNode('Relu'), opsets: { '': 9999 } }), /opset|9999/i],
  ['unknown-operator', modelProto({ graph: oneNode('NoSuchOperator') }), /NoSuchOperator/],
  ['weights-above', withWeightsAt('../weights.bin'), /\.\.\/weights\.bin/],
  ['weights-anywhere', withWeightsAt('/etc/hostname'), /\/etc\/hostname/],
  ['weights-by-link', withWeightsAt('weights.bin'), /weights\.bin/],
  ['weights-missing', withWeightsAt('nowhere.bin'), /nowhere\.bin/],
  ['weights-short', withWeightsAt('short.bin'), /short\.bin/],
];

let home: Home;
let server: Server;
let trickle: Trickle;

beforeAll(async () => {
  home = new Home();
  home.add('good', identity('INT64', [-1]));
  for (const [name, file] of BAD) home.add(name, file);
  home.write('models/weights-above/weights.bin', new Uint8Array(1024));
  home.write('outside.bin', new Uint8Array(1024));
  symlinkSync(join(home.dir, 'outside.bin'), join(home.repository, 'weights-by-link/1/weights.bin'));
  home.write('models/weights-short/1/short.bin', new Uint8Array(16));
  server = await Server.start({ home });
  expect((await server.load('good')).status).toBe(200);
  trickle = new Trickle(server, 'good');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** The data directory's files, without the database's own. */
function kept(): string[] {
  const files = readdirSync(home.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => entry.name).filter((name) => !name.startsWith('state.db'));
}

/** One runner, one resident version, no file: as if the bad model had never come. */
async function nothingIsLeft(): Promise<void> {
  await patiently(() => expect(server.children()).toHaveLength(1));
  expect((await statusOf(server)).overview).toMatchObject({ resident_versions: 1, failed_versions: 0 });
  expect(kept()).toEqual([]);
}

describe('a model in the repository that can not be loaded', () => {
  test.each(BAD)('(%s) is refused with the reason', async (name, _file, reason) => {
    const { status, headers, body } = await server.load(name);
    expect(body).toMatchObject({ type: 'urn:echoserve:error:model_unloadable', detail: expect.stringMatching(reason) });
    expect(status).toBe(422);
    expect(headers.get('content-type')).toContain('application/problem+json');
    await nothingIsLeft();
    const { body: model } = await server.request(`${API}/models/${name}`);
    expect(model).toMatchObject({ serving_version: null, versions: [{ state: 'absent', runner_pid: null }] });
  });

  test('is refused by the Open Inference Protocol in its own words', async () => {
    const answer = await server.post<{ error: string }>('/v2/repository/models/text/load', {});
    expect(answer).toMatchObject({ status: 422, body: { error: expect.stringMatching(/ONNX/) } });
    await nothingIsLeft();
  });
});

describe('a source that can not be loaded', () => {
  test.each(BAD)('(%s) is refused with the reason, and not kept', async (name, _file, reason) => {
    const { status, body } = await server.load('brought', { source: join(home.repository, name, '1') });
    expect(`${body['detail']}`).toMatch(reason);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    await nothingIsLeft();
    expect((await server.request(`${API}/models/brought`)).status).toBe(404);
  });

  test('because its digest is another is refused with both', async () => {
    const source = join(home.repository, 'good/1/model.onnx');
    const actual = createHash('sha256')
      .update(identity('INT64', [-1]))
      .digest('hex');
    const { status, body } = await server.load('brought', { source, sha256: '0'.repeat(64) });
    expect({ status, body }).toMatchObject({ status: 422, body: { expected: '0'.repeat(64), actual } });
    await nothingIsLeft();
  });

  test.each([
    ['is not there', () => join(home.repository, 'nowhere.onnx'), 400],
    ['is a folder without a model', () => home.repository, 400],
    ['is outside the allowed roots', () => '/etc/passwd', 403],
    ['climbs out of them', () => join(home.repository, '../outside.bin'), 403],
    ['is a URL that nobody allowed', () => 'http://127.0.0.1:9/model.onnx', 403],
  ])('because it %s is refused', async (_what, source, expected) => {
    const { status, body } = await server.load('brought', { source: source() });
    expect({ status, detail: body['detail'] }).toEqual({ status: expected, detail: expect.any(String) });
    await nothingIsLeft();
  });
});

test('what is not there at all is 404', async () => {
  expect((await server.load('absent')).status).toBe(404);
  expect((await server.load('good', { version: '7' })).status).toBe(404);
  expect((await server.infer('absent', [])).status).toBe(404);
  await nothingIsLeft();
});

test('another model was not disturbed, and a restart brings back only what was good', async () => {
  const { answered, faults } = await trickle.stop();
  expect(faults).toEqual([]);
  expect(answered).toBeGreaterThan(BAD.length);
  await server.stop('SIGKILL');
  server = await Server.start({ home });
  await patiently(async () => expect(await echoFault(server, 'good', 7)).toBeUndefined());
  await nothingIsLeft();
  writeFileSync(join(home.repository, 'text/1/model.onnx'), identity('INT64', [-1]));
  expect((await server.load('text')).status).toBe(200);
});
