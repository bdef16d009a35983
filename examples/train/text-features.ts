import type { NodeSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';

/** How a text becomes a list of tokens: in training, and by operators in the model. Texts are lower case already. */
export interface TokenScheme {
  readonly name: string;
  tokens(text: string): readonly string[];
  /** Operators from the strings `text` to the tokens, [batch, longest], filled up with empty ones. */
  toNodes(text: string, output: string): readonly NodeSpec[];
}

/** Split at blanks: punctuation stays on its word. */
export const blankSeparated: TokenScheme = {
  name: 'words',
  tokens: (text) => text.split(/\s+/).filter((token) => token !== ''),
  toNodes: (text, output) => [{ op: 'StringSplit', inputs: [text], outputs: [output, `${output}_counts`] }],
};

/** Runs of letters, digits and apostrophes. */
export const words: TokenScheme = {
  name: 'words',
  tokens: (text) => text.match(/[a-z0-9']+/g) ?? [],
  toNodes: (text, output) => [tokenizer(text, output, { tokenexp: { string: "[a-z0-9']+" } })],
};

/** Single characters, blanks included. */
export const characters: TokenScheme = {
  name: 'characters',
  tokens: (text) => [...text],
  toNodes: (text, output) => [tokenizer(text, output, { separators: { strings: [''] } })],
};

/** onnxruntime's own operator: the standard can split at one fixed text only. */
function tokenizer(text: string, output: string, how: NonNullable<NodeSpec['attributes']>): NodeSpec {
  return {
    op: 'Tokenizer',
    domain: 'com.microsoft',
    inputs: [text],
    outputs: [output],
    attributes: { mark: { int: 0 }, mincharnum: { int: 1 }, pad_value: { string: '' }, ...how },
  };
}

/** Sequences of `shortest` to `longest` tokens in a row. */
export interface GramSpec {
  readonly scheme: TokenScheme;
  readonly shortest: number;
  readonly longest: number;
  /** Sequences in fewer training texts than this are left out. */
  readonly minimumTexts: number;
}

/** Counts of the token sequences that a training text had. */
export interface GramCounter {
  readonly size: number;
  count(text: string): Float64Array;
  toNodes(text: string, output: string): readonly NodeSpec[];
}

/** Collects the sequences of the training texts. */
export function gramCounter(spec: GramSpec, texts: readonly string[]): GramCounter {
  const { scheme, shortest, longest } = spec;
  const grams = vocabulary(spec, texts);
  const index = new Map(grams.map((gram, i) => [keyOf(gram), i]));
  return {
    size: grams.length,
    count(text) {
      const counts = new Float64Array(grams.length);
      for (const gram of gramsOf(spec, text)) {
        const i = index.get(keyOf(gram));
        if (i !== undefined) counts[i] = (counts[i] ?? 0) + 1;
      }
      return counts;
    },
    toNodes: (text, output) => [
      ...scheme.toNodes(text, `${output}_tokens`),
      {
        op: 'TfIdfVectorizer',
        inputs: [`${output}_tokens`],
        outputs: [output],
        attributes: {
          mode: { string: 'TF' },
          min_gram_length: { int: shortest },
          max_gram_length: { int: longest },
          max_skip_count: { int: 0 },
          // Where the pairs, triples … begin in the pool: it is ordered by length.
          ngram_counts: { ints: Array.from({ length: longest }, (_, i) => tokensShorterThan(grams, i + 1)) },
          ngram_indexes: { ints: grams.map((_, i) => i) },
          pool_strings: { strings: grams.flat() },
        },
      },
    ],
  };
}

type Gram = readonly string[];

const keyOf = (gram: Gram): string => gram.join('\u0000');

function gramsOf({ scheme, shortest, longest }: GramSpec, text: string): Gram[] {
  const tokens = scheme.tokens(text);
  const grams: Gram[] = [];
  for (let length = shortest; length <= longest; length += 1) {
    for (let start = 0; start + length <= tokens.length; start += 1) grams.push(tokens.slice(start, start + length));
  }
  return grams;
}

/** Shorter sequences first, then in the order of their characters. */
function vocabulary(spec: GramSpec, texts: readonly string[]): Gram[] {
  const seen = new Map<string, { gram: Gram; texts: number }>();
  for (const text of texts) {
    for (const [key, gram] of new Map(gramsOf(spec, text).map((gram) => [keyOf(gram), gram]))) {
      seen.set(key, { gram, texts: (seen.get(key)?.texts ?? 0) + 1 });
    }
  }
  return [...seen]
    .filter(([, entry]) => entry.texts >= spec.minimumTexts)
    .toSorted(([a, left], [b, right]) => left.gram.length - right.gram.length || (a < b ? -1 : 1))
    .map(([, entry]) => entry.gram);
}

function tokensShorterThan(grams: readonly Gram[], length: number): number {
  return grams.filter((gram) => gram.length < length).reduce((sum, gram) => sum + gram.length, 0);
}
