import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { train } from './classifier.ts';
import { type Example, stratifiedSplit } from './data-set.ts';
import { type ExampleModel, exampleVersion, type ProbeInput } from './example-model.ts';
import { convolution, maxPool } from './image-layers.ts';
import { dense, flatten, type Layer, relu, scale } from './layers.ts';
import { seededRandom } from './random.ts';

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
/** Grey levels go from 0 to 16. */
const WHITE = 16;

/** An image of a handwritten digit in, 8 × 8 grey levels; the digit out. */
export function trainDigits(): ExampleModel {
  const { training, heldOut } = stratifiedSplit(readImages(), 0.3, seededRandom(1));
  const random = seededRandom(1);

  const linear: Layer[] = [scale(WHITE), flatten(64), dense(64, 10, random)];
  train(linear, training, { epochs: 15, batchSize: 16, learningRate: 0.01, weightDecay: 0.01, random });

  const convolutional: Layer[] = [
    scale(WHITE),
    convolution({ channelsIn: 1, channelsOut: 8, size: 8 }, random),
    relu(),
    maxPool(8, 8),
    convolution({ channelsIn: 8, channelsOut: 16, size: 4 }, random),
    relu(),
    maxPool(16, 4),
    flatten(64),
    dense(64, 10, random),
  ];
  train(convolutional, training, { epochs: 10, batchSize: 16, learningRate: 0.01, weightDecay: 0.01, random });

  const input = { name: 'image', datatype: 'FP32', shape: ['batch', 1, 8, 8] } as const;
  const oneOfEach = DIGITS.flatMap((_, label) => heldOut.find((image) => image.label === label) ?? []);
  return {
    id: 'digits',
    description: 'Which digit is written in an image of 8 x 8 grey levels from 0 (black) to 16 (white).',
    labels: DIGITS,
    versions: [
      exampleVersion('softmax regression on the pixels', { input, network: linear, labels: DIGITS }, heldOut),
      exampleVersion('two convolutions', { input, network: convolutional, labels: DIGITS }, heldOut),
    ],
    probes: [
      { name: 'a-seven', input: images(oneOfEach.slice(7, 8)) },
      { name: 'zero-to-nine', input: images(oneOfEach) },
    ],
  };
}

function readImages(): Example[] {
  const text = gunzipSync(readFileSync(new URL('../data/digits.csv.gz', import.meta.url))).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const numbers = line.split(',').map(Number);
      return { features: Float64Array.from(numbers.slice(0, 64)), label: numbers[64] ?? -1 };
    });
}

function images(examples: readonly Example[]): ProbeInput {
  const data = examples.flatMap(({ features }) => [...features]);
  return { name: 'image', datatype: 'FP32', shape: [examples.length, 1, 8, 8], data };
}
