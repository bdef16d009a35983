import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ExampleModel, ProbeInput } from './example-model.ts';

const TOLERANCE = { absolute: 1e-5, relative: 1e-4 };

/** Writes a model into a model repository: manifest, versions, and what each version answers to the probes. */
export async function publish(model: ExampleModel, repository: string): Promise<void> {
  const directory = join(repository, model.id);
  rmSync(directory, { recursive: true, force: true });
  for (const [index, version] of model.versions.entries()) {
    const versionDir = join(directory, String(index + 1));
    mkdirSync(join(versionDir, 'probes'), { recursive: true });
    writeFileSync(join(versionDir, 'model.onnx'), version.model);
    const session = await InferenceSession.create(version.model, { intraOpNumThreads: 1 });
    for (const { name, input } of model.probes) {
      const probe = {
        name,
        request: { inputs: [input] },
        expected: { outputs: await answer(session, input) },
        tolerance: TOLERANCE,
      };
      writeJson(join(versionDir, 'probes', `${name}.json`), probe);
    }
    await session.release();
  }
  writeJson(join(directory, 'model.json'), { description: model.description, labels: { probabilities: model.labels } });
}

async function answer(session: InferenceSession, input: ProbeInput): Promise<unknown[]> {
  const results = await session.run({ [input.name]: toTensor(input) });
  return session.outputNames.map((name) => {
    const { type, dims, data } = results[name] ?? {};
    if (type === 'string') return { name, shape: dims, datatype: 'BYTES', data };
    // Six decimals are what the tolerance can tell apart, and what other processors agree on.
    return { name, shape: dims, datatype: 'FP32', data: [...(data ?? [])].map((x) => Number(Number(x).toFixed(6))) };
  });
}

function toTensor({ datatype, shape, data }: ProbeInput): Tensor {
  return datatype === 'BYTES'
    ? new Tensor('string', data.map(String), shape)
    : new Tensor('float32', Float32Array.from(data, Number), shape);
}

/** One member a line: tensors stay on theirs. */
function writeJson(path: string, value: object): void {
  const members = Object.entries(value).map(([key, member]) => `  ${JSON.stringify(key)}: ${JSON.stringify(member)}`);
  writeFileSync(path, `{\n${members.join(',\n')}\n}\n`);
}
