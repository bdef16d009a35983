import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProbeInput } from '../../../examples/train/example-model.ts';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { isBatchable } from '../../../src/core/model/signature.ts';
import { temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

const repository = fileURLToPath(new URL('../../../examples/models', import.meta.url));

const versions = readdirSync(repository).flatMap((id) =>
  ['1', '2'].map((version) => ({ name: `${id} ${version}`, directory: join(repository, id, version) })),
);

interface Probe {
  readonly name: string;
  readonly request: { readonly inputs: readonly ProbeInput[] };
  readonly expected: { readonly outputs: readonly (Omit<ProbeInput, 'name'> & { readonly name: string })[] };
}

function probesIn(directory: string): Probe[] {
  const names = readdirSync(join(directory, 'probes'));
  // Written by our own program; a wrong shape makes the test fail.
  return names.map((name) => JSON.parse(readFileSync(join(directory, 'probes', name), 'utf8')) as Probe);
}

function toTensor({ datatype, shape, data }: ProbeInput): Tensor {
  return datatype === 'BYTES'
    ? new Tensor('string', data.map(String), shape)
    : new Tensor('float32', Float32Array.from(data, Number), shape);
}

async function open(directory: string): Promise<InferenceSession> {
  const session = await InferenceSession.create(join(directory, 'model.onnx'), { intraOpNumThreads: 1 });
  onTestFinished(() => session.release());
  return session;
}

async function ask(session: InferenceSession, inputs: readonly ProbeInput[]): Promise<Record<string, Tensor>> {
  const results = await session.run(Object.fromEntries(inputs.map((input) => [input.name, toTensor(input)])));
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => {
      if (!(value instanceof Tensor)) throw new Error(`output "${name}" is no tensor`);
      return [name, value];
    }),
  );
}

function firstRow(input: ProbeInput): ProbeInput {
  const rest = input.shape.slice(1);
  return {
    ...input,
    shape: [1, ...rest],
    data: input.data.slice(
      0,
      rest.reduce((product, dim) => product * dim, 1),
    ),
  };
}

describe.each(versions)('$name', ({ directory }) => {
  test('can be batched', () => {
    expect(isBatchable(inspectModel(join(directory, 'model.onnx')).signature)).toBe(true);
  });

  test('answers its probes as recorded', async () => {
    const session = await open(directory);
    const probes = probesIn(directory);
    expect(probes.length).toBeGreaterThan(0);
    for (const { request, expected } of probes) {
      const results = await ask(session, request.inputs);
      expect(expected.outputs.map((output) => output.name)).toEqual(Object.keys(results));
      for (const { name, shape, data } of expected.outputs) {
        const actual = [...(results[name]?.data ?? [])];
        expect(results[name]?.dims).toEqual(shape);
        expect(actual).toEqual(data.map((x) => (typeof x === 'number' ? expect.closeTo(x, 4) : x)));
      }
    }
  });

  test('answers a row alone as it does in a batch', async () => {
    const session = await open(directory);
    for (const { request } of probesIn(directory)) {
      const whole = await ask(session, request.inputs);
      const alone = await ask(session, request.inputs.map(firstRow));
      const row = [...(alone['probabilities']?.data ?? [])];
      const same = [...(whole['probabilities']?.data ?? [])].slice(0, row.length);
      expect(row.length).toBeGreaterThan(1);
      expect(row).toEqual(same.map((x) => expect.closeTo(Number(x), 5)));
    }
  });
});

test.each(['1', '2'])('tickets %s answers texts without a single known word', async (version) => {
  const session = await open(join(repository, 'tickets', version));
  for (const data of [[''], ['', ''], ['?!'], ['東京']]) {
    const results = await ask(session, [{ name: 'text', datatype: 'BYTES', shape: [data.length], data }]);
    expect(results['probabilities']?.dims).toEqual([data.length, 5]);
  }
});

// Elsewhere the last bit of an exponential may differ, and with it the path that training takes.
test.skipIf(process.arch !== 'x64')('training anew gives the committed files, second versions better', () => {
  const program = fileURLToPath(new URL('../../../examples/train/main.ts', import.meta.url));
  const anew = temporaryDirectory();
  const report = execFileSync(process.execPath, [program, anew], { encoding: 'utf8' });
  for (const { directory } of versions) {
    const written = readFileSync(join(anew, relative(repository, directory), 'model.onnx'));
    expect(written.equals(readFileSync(join(directory, 'model.onnx')))).toBe(true);
  }
  for (const id of readdirSync(repository)) {
    const accuracies = [...report.matchAll(new RegExp(`^${id} .*; ([\\d.]+) %`, 'gm'))].map((match) =>
      Number(match[1]),
    );
    expect(accuracies).toHaveLength(2);
    expect(accuracies[1]).toBeGreaterThan(accuracies[0] ?? 100);
  }
});
