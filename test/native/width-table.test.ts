import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { widthTableModel } from '../../src/cli/width-table.ts';

async function species(petalWidths: readonly number[]): Promise<unknown> {
  const session = await InferenceSession.create(widthTableModel(), { logSeverityLevel: 4 });
  const rows = petalWidths.flatMap((width) => [5.8, 3, 4, width]);
  const { label, probabilities } = await session.run({
    measurements: new Tensor('float32', rows, [petalWidths.length, 4]),
  });
  expect(probabilities?.dims).toEqual([petalWidths.length, 3]);
  return label?.data;
}

test("the demo's bad version is right about most flowers, and fails on those with the widest petals", async () => {
  expect(await species([0.2, 1.3, 1.8, 2.2])).toEqual(['setosa', 'versicolor', 'virginica', 'virginica']);
  await expect(species([2.3])).rejects.toThrow(/out of data bounds/);
});
