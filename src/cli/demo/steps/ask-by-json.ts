import type { Call } from '../../call.ts';
import { bar, milliseconds, percent } from '../../figures.ts';
import type { Cell } from '../../screen.ts';
import { InferAnswer, output, rows, serverTiming } from '../inference.ts';
import type { Step } from '../step.ts';

/** Sepal length and width, petal length and width, in cm. */
const FLOWERS = [
  [5.1, 3.8, 1.6, 0.2],
  [5.6, 2.7, 4.2, 1.3],
  [5.8, 2.7, 5.1, 1.9],
];

const CALL: Call = {
  method: 'POST',
  path: '/v2/models/iris/infer',
  body: JSON.stringify({
    inputs: [{ name: 'measurements', datatype: 'FP32', shape: [FLOWERS.length, 4], data: FLOWERS.flat() }],
  }),
};

export const askByJson: Step = {
  title: 'Ask by JSON',
  why: 'Three irises, measured in cm, in the Open Inference Protocol that clients of KServe and Triton speak.',
  play: async ({ screen, client }) => {
    screen.curl(client.url, CALL);
    const { body, headers, ms } = await client.json(CALL, InferAnswer);
    const species = output(body, 'label').data ?? [];
    const shares = (output(body, 'probabilities').data ?? []).map(Number);
    const sureness = rows(shares, shares.length / species.length).map((row) => Math.max(...row));
    screen.table(
      ['sepal', 'petal', 'species', 'how sure'],
      FLOWERS.map(([sepalLength, sepalWidth, petalLength, petalWidth], index): readonly Cell[] => [
        `${sepalLength} × ${sepalWidth}`,
        `${petalLength} × ${petalWidth}`,
        [`${species[index]}`, ['bold', 'green']],
        `${percent(sureness[index] ?? 0).padStart(7)}  ${bar(sureness[index] ?? 0, 20)}`,
      ]),
    );
    screen.lines(['']);
    screen.fact(
      'answered in',
      `${milliseconds(ms)}, of which the model ran ${milliseconds(serverTiming(headers, 'compute'))}`,
    );
    screen.fact('served by', headers.get('x-served-by') ?? '');
  },
};
