import { readFileSync } from 'node:fs';
import { train } from './classifier.ts';
import { type Example, stratifiedSplit } from './data-set.ts';
import { type ExampleModel, exampleVersion, type ProbeInput } from './example-model.ts';
import { dense, type Layer, relu, standardize } from './layers.ts';
import { seededRandom } from './random.ts';

const SPECIES = ['setosa', 'versicolor', 'virginica'];

/** Four measurements of a flower in, its species out. */
export function trainIris(): ExampleModel {
  const { training, heldOut } = stratifiedSplit(readFlowers(), 0.4, seededRandom(4));
  const random = seededRandom(1);

  const linear: Layer[] = [standardize(training), dense(4, 3, random)];
  train(linear, training, { epochs: 10, batchSize: 8, learningRate: 0.02, weightDecay: 0.01, random });

  const hidden: Layer[] = [standardize(training), dense(4, 16, random), relu(), dense(16, 3, random)];
  train(hidden, training, { epochs: 60, batchSize: 8, learningRate: 0.01, weightDecay: 0.01, random });

  const input = { name: 'measurements', datatype: 'FP32', shape: ['batch', 4] } as const;
  const oneOfEach = SPECIES.flatMap((_, label) => heldOut.find((flower) => flower.label === label) ?? []);
  return {
    id: 'iris',
    description: 'Species of an iris flower from the length and width of its sepal and of its petal, in cm.',
    labels: SPECIES,
    versions: [
      exampleVersion('softmax regression, trained briefly', { input, network: linear, labels: SPECIES }, heldOut),
      exampleVersion('one hidden layer of 16', { input, network: hidden, labels: SPECIES }, heldOut),
    ],
    probes: [
      { name: 'one-flower', input: measurements(oneOfEach.slice(0, 1)) },
      { name: 'one-of-each', input: measurements(oneOfEach) },
    ],
  };
}

function readFlowers(): Example[] {
  const lines = readFileSync(new URL('../data/iris.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const cells = line.split(',');
    return { features: Float64Array.from(cells.slice(0, 4), Number), label: SPECIES.indexOf(cells[4] ?? '') };
  });
}

function measurements(flowers: readonly Example[]): ProbeInput {
  const data = flowers.flatMap(({ features }) => [...features]);
  return { name: 'measurements', datatype: 'FP32', shape: [flowers.length, 4], data };
}
