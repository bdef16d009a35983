import { readFileSync } from 'node:fs';
import type { NodeSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';
import { train } from './classifier.ts';
import { stratifiedSplit } from './data-set.ts';
import { type ExampleModel, type ExampleVersion, exampleVersion, type ProbeInput } from './example-model.ts';
import { dense, type Layer } from './layers.ts';
import { seededRandom } from './random.ts';
import { blankSeparated, characters, type GramCounter, type GramSpec, gramCounter, words } from './text-features.ts';

const DESKS = ['account', 'billing', 'delivery', 'returns', 'technical'];
const OPSETS = { '': 21, 'com.microsoft': 1 };

interface Ticket {
  readonly text: string;
  readonly label: number;
}

interface Variant {
  readonly summary: string;
  readonly grams: readonly GramSpec[];
  readonly epochs: number;
  readonly learningRate: number;
}

const WORDS: Variant = {
  summary: 'softmax regression on words',
  grams: [{ scheme: blankSeparated, shortest: 1, longest: 1, minimumTexts: 1 }],
  epochs: 30,
  learningRate: 0.02,
};

/** Parts of words find what belongs together: "refund" and "refunded", "ship" and "shipping". */
const WORDS_AND_PARTS: Variant = {
  summary: 'softmax regression on words and on sequences of 3 and 4 characters',
  grams: [
    { scheme: words, shortest: 1, longest: 1, minimumTexts: 2 },
    { scheme: characters, shortest: 3, longest: 4, minimumTexts: 2 },
  ],
  epochs: 15,
  learningRate: 0.005,
};

/** A message to customer support in, as text; the desk that should answer it out. */
export function trainTickets(): ExampleModel {
  return {
    id: 'tickets',
    description: 'Which desk a message to customer support belongs to: account, billing, delivery, returns, technical.',
    labels: DESKS,
    versions: [trainVariant(WORDS), trainVariant(WORDS_AND_PARTS)],
    probes: [
      { name: 'one-message', input: messages(['I forgot my password and can not log in.']) },
      {
        name: 'a-batch',
        input: messages([
          'My parcel was sent to the wrong address!',
          'The invoice shows the wrong price.',
          'The jacket is too small, I would like a refund',
          'the app crashes',
          '',
          'Größe, Preis: 東京?',
        ]),
      },
    ],
  };
}

function trainVariant({ summary, grams, epochs, learningRate }: Variant): ExampleVersion {
  const { training, heldOut } = stratifiedSplit(readTickets(), 0.25, seededRandom(1));
  const texts = training.map((ticket) => ticket.text);
  const counters = grams.map((spec) => gramCounter(spec, texts));
  const toExample = ({ text, label }: Ticket) => ({
    features: Float64Array.from(counters.flatMap((counter) => [...counter.count(text)])),
    label,
  });
  const random = seededRandom(1);
  const width = counters.reduce((sum, counter) => sum + counter.size, 0);
  const network: Layer[] = [dense(width, DESKS.length, random)];
  train(network, training.map(toExample), { epochs, batchSize: 16, learningRate, weightDecay: 0.05, random });
  const input = { name: 'text', datatype: 'BYTES', shape: ['batch'] } as const;
  const exported = { input, front: frontOf(counters), network, labels: DESKS, opsets: OPSETS };
  return exampleVersion(summary, exported, heldOut.map(toExample));
}

function frontOf(counters: readonly GramCounter[]): { nodes: readonly NodeSpec[]; output: string } {
  const counts = counters.map((_, i) => `counts${i + 1}`);
  return {
    output: 'features',
    nodes: [
      {
        op: 'StringNormalizer',
        inputs: ['text'],
        outputs: ['lower'],
        // Other locales than C need to be installed; slim images have none.
        attributes: {
          case_change_action: { string: 'LOWER' },
          is_case_sensitive: { int: 1 },
          locale: { string: 'C' },
        },
      },
      ...counters.flatMap((counter, i) => counter.toNodes('lower', `counts${i + 1}`)),
      { op: 'Concat', inputs: counts, outputs: ['features'], attributes: { axis: { int: 1 } } },
    ],
  };
}

function readTickets(): Ticket[] {
  const lines = readFileSync(new URL('../data/tickets.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const [desk = '', text = ''] = line.split('\t');
    return { text: text.toLowerCase(), label: DESKS.indexOf(desk) };
  });
}

function messages(data: readonly string[]): ProbeInput {
  return { name: 'text', datatype: 'BYTES', shape: [data.length], data };
}
