import fc from 'fast-check';

/** The bytes of a text as it is, or of anything else as JSON. */
export function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

export const anyBytes = fc.uint8Array({ maxLength: 300 });

const dimension = fc.oneof(fc.integer({ min: -2, max: 5 }), fc.constantFrom(2 ** 31, 2 ** 53, 1e300, 0.5, '2', null));
const datatype = fc.constantFrom(...'INT64 FP32 BYTES BOOL FP16 BF16 UINT8 FP64 INT32 FLOAT'.split(' '), '');
const element = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom('text', true, null, 2 ** 63, -(2 ** 63)),
  fc.bigInt().map(Number),
);
const data = fc.oneof(
  fc.array(element, { maxLength: 6 }),
  fc.array(fc.array(element, { maxLength: 3 }), { maxLength: 3 }),
  fc.jsonValue(),
);
const parameters = fc.oneof(
  fc.record({ binary_data_size: fc.oneof(fc.integer({ min: -1, max: 64 }), fc.constantFrom(2 ** 40, '8')) }),
  fc.record({ classification: fc.integer({ min: -1, max: 9 }), binary_data: fc.boolean() }, { requiredKeys: [] }),
  fc.jsonValue(),
);

const shape = fc.oneof(
  { weight: 4, arbitrary: fc.array(dimension, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const tensor = fc.record(
  { name: fc.constantFrom('x', 'a', 'b', 'y', ''), shape, datatype, data, parameters },
  { requiredKeys: ['name'] },
);

const requestParameters = fc.record(
  { timeout: fc.oneof(fc.integer(), fc.string()), priority: fc.integer(), binary_data_output: fc.boolean() },
  { requiredKeys: [] },
);
const inputs = fc.oneof(
  { weight: 5, arbitrary: fc.array(tensor, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const inference = fc.record(
  { id: fc.jsonValue(), parameters: requestParameters, inputs, outputs: fc.array(tensor, { maxLength: 2 }) },
  { requiredKeys: ['inputs'] },
);

/** What a model of one INT64 dimension answers. */
const right = fc
  .array(fc.maxSafeInteger(), { minLength: 1, maxLength: 20 })
  .map((values) => ({ inputs: [{ name: 'x', shape: [values.length], datatype: 'INT64', data: values }] }));

/** A right request of which some bytes are replaced, removed or new. */
const harm = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 }));
const damaged = fc.tuple(right, fc.array(harm, { minLength: 1, maxLength: 4 })).map(([value, harms]) => {
  const bytes = [...encode(value)];
  for (const [at, byte, removed] of harms) bytes.splice(at % bytes.length, removed, byte);
  return Uint8Array.from(bytes);
});

const withTail = fc
  .tuple(fc.oneof(inference, right), anyBytes)
  .map(([header, tail]) => Uint8Array.from([...encode(header), ...tail]));

const unending = fc.constantFrom('['.repeat(20_000), `{"inputs":${'[{"a":'.repeat(5000)}`, '{"inputs":[').map(encode);

/** Bodies of inferences, a few of them right. */
export const inferenceBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: inference.map(encode) },
  { weight: 3, arbitrary: damaged },
  { weight: 2, arbitrary: right.map(encode) },
  { weight: 2, arbitrary: withTail },
  { weight: 1, arbitrary: fc.json().map(encode) },
  { weight: 1, arbitrary: anyBytes },
  { weight: 1, arbitrary: unending },
);

const source = fc.constantFrom(
  '/etc/passwd',
  '../../x.onnx',
  'http://127.0.0.1/',
  'file:///etc/passwd',
  'ftp://x',
  '\0',
);

/** Bodies of loads, of no model that there is. */
export const loadBody: fc.Arbitrary<Uint8Array> = fc
  .record(
    {
      model_id: fc.oneof(fc.constantFrom('nothing', '../etc', 'a/b', ''), fc.jsonValue()),
      version: fc.oneof(fc.constantFrom('1', 'latest', '../1'), fc.jsonValue()),
      source: fc.oneof(source, fc.jsonValue()),
      sha256: fc.string(),
      options: fc.jsonValue(),
      pinned: fc.jsonValue(),
      wait: fc.boolean(),
      force_reload: fc.boolean(),
    },
    { requiredKeys: ['model_id'] },
  )
  .map(encode);
