import { expect, test } from 'vitest';
import { estimateFromInspection, type InspectedSize, type Sizing } from '../../../src/core/memory/estimate.ts';
import type { TensorSpec } from '../../../src/core/model/signature.ts';
import type { Datatype } from '../../../src/core/tensor/datatype.ts';

const SIZING: Sizing = { maxBatchSize: 8, runnerBaseBytes: 0 };

const spec = (name: string, shape: readonly number[], datatype: Datatype = 'FP32'): TensorSpec => ({
  name,
  datatype,
  shape,
});

function inspected(inputs: readonly TensorSpec[], more: Partial<InspectedSize> = {}): InspectedSize {
  const signature = { inputs, outputs: [spec('logits', [-1, 10])] };
  return { weightBytesByDatatype: { FP32: 4000 }, parameterCount: 1000, signature, ...more };
}

const cacheBytes = (inputs: readonly TensorSpec[], sizing: Partial<Sizing> = {}) =>
  estimateFromInspection(inspected(inputs), { ...SIZING, ...sizing }).cacheBytes;

/** A decoder's inputs, with keys and values named by an exporter's custom. */
function decoder(
  names: (layer: number) => readonly [string, string],
  shape: readonly number[],
  layers = 2,
): TensorSpec[] {
  const past = Array.from({ length: layers }, (_, layer) => names(layer).map((name) => spec(name, shape, 'FP16')));
  return [spec('input_ids', [-1, -1], 'INT64'), ...past.flat()];
}

const DOTTED = (layer: number) => [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`] as const;

test('weights are counted by their bytes, then grown by the load factor', () => {
  const model = inspected([spec('x', [-1, 4])], {
    weightBytesByDatatype: { FP32: 1001, INT64: 9 },
    parameterCount: 250,
  });

  expect(estimateFromInspection(model, { ...SIZING, runnerBaseBytes: 77, dtesnBytes: 5 })).toEqual({
    weightBytes: 1010,
    modelBytes: 1313,
    cacheBytes: 320,
    dtesnBytes: 5,
    runnerBaseBytes: 77,
    totalBytes: 1313 + 320 + 5 + 77,
    parameterCount: 250,
    dtypeOptimization: 'fp32',
    strategy: 'small_model',
  });
});

test.each([
  [{ FP32: 100, FP16: 101 }, 'fp16'],
  [{ BF16: 500, FP16: 400 }, 'bf16'],
  [{ UINT8: 60, INT8: 60, FP32: 100 }, 'int8'],
  [{ INT4: 30, UINT4: 30, FP16: 50 }, 'int4'],
  [{ FLOAT8E4M3FN: 30, FLOAT8E5M2: 30, FP16: 50 }, 'fp8'],
  [{ FP32: 100, INT8: 100 }, 'fp32'],
  [{ INT8: 100, FP32: 100 }, 'fp32'],
  [{ INT64: 9000, INT32: 9000, BOOL: 9000, BYTES: 9000, FP16: 10 }, 'fp16'],
  [{ INT64: 9000 }, 'fp32'],
  [{}, 'fp32'],
])('%o is a model in %s', (weightBytesByDatatype, dtype) => {
  const model = inspected([spec('x', [-1, 4])], { weightBytesByDatatype });

  expect(estimateFromInspection(model, SIZING).dtypeOptimization).toBe(dtype);
});

test('a decoder with 32 layers of 8 heads of 128 at 8192 tokens in FP16 has a cache of 1.07 GB', () => {
  expect(cacheBytes(decoder(DOTTED, [-1, 8, -1, 128], 32), { contextLength: 8192 })).toBe(1_073_741_824);
});

test.each([
  ['dots', DOTTED],
  ['underscores', (layer: number) => [`past_key_${layer}`, `past_value_${layer}`] as const],
  [
    'a decoder part',
    (layer: number) => [`past_key_values.${layer}.decoder.key`, `past_key_values.${layer}.decoder.value`] as const,
  ],
  ['self attention', (layer: number) => [`past_key_self_${layer}`, `past_value_self_${layer}`] as const],
  ['short words', (layer: number) => [`cache_k_${layer}`, `cache_v_${layer}`] as const],
  ['numbers without a separator', (layer: number) => [`past.key${layer}`, `past.value${layer}`] as const],
])('past keys and values are found by names with %s', (_, names) => {
  const perLayer = 2 * 4 * 100 * 16 * 2;

  expect(cacheBytes(decoder(names, [-1, 4, -1, 16], 3), { contextLength: 100 })).toBe(3 * perLayer);
});

test.each([
  ["a forecaster's history", 'past_values', [-1, 3, -1, 8]],
  ["a forecaster's numbered history", 'past_values_1', [-1, 3, -1, 8]],
  ['a word that contains "key"', 'past_monkey_1', [-1, 3, -1, 8]],
  ['a word that contains "past"', 'pasta_key_1', [-1, 3, -1, 8]],
  ['a past without a layer', 'past_value_frames', [-1, 3, -1, 8]],
  ['a key without a past', 'key_1', [-1, 3, -1, 8]],
  ['a past of three dimensions', 'past_key_1', [-1, 3, 8]],
  ['a past whose heads are unknown', 'past_key_1', [-1, -1, -1, 8]],
])('%s is no cache', (_, name, shape) => {
  const atOne = cacheBytes([spec(name, shape)], { maxBatchSize: 1, concurrentSequences: 1 });

  // A cache grows with sequences, an activation does not.
  expect(cacheBytes([spec(name, shape)], { maxBatchSize: 1, concurrentSequences: 9 })).toBe(atOne);
});

test('each sequence has its cache; the batch size has no part in it', () => {
  const inputs = decoder(DOTTED, [-1, 4, -1, 16]);
  const one = cacheBytes(inputs, { contextLength: 10 });

  expect(cacheBytes(inputs, { contextLength: 10, concurrentSequences: 3 })).toBe(3 * one);
  expect(cacheBytes(inputs, { contextLength: 10, maxBatchSize: 64 })).toBe(one);
});

test('a cache of fixed size is what it says, whatever the context', () => {
  const inputs = decoder(DOTTED, [2, 4, 512, 16]);

  expect(cacheBytes(inputs, { contextLength: 8192, concurrentSequences: 1 })).toBe(4 * 2 * 4 * 512 * 16 * 2);
});

test('layers may have heads of different sizes', () => {
  const inputs = [spec('past_key_0', [-1, 2, -1, 192], 'FP16'), spec('past_value_0', [-1, 2, -1, 128], 'FP16')];

  expect(cacheBytes(inputs, { contextLength: 10 })).toBe(2 * 10 * (192 + 128) * 2);
});

test('a cache without a declared context is sized for 2048 tokens', () => {
  expect(cacheBytes(decoder(DOTTED, [-1, 1, -1, 1], 1))).toBe(2 * 2048 * 2);
});

test('otherwise the largest input or output counts, at the largest batch', () => {
  expect(cacheBytes([spec('image', [-1, 3, 224, 224])])).toBe(8 * 3 * 224 * 224 * 4);
  expect(cacheBytes([spec('x', [-1, 2])])).toBe(8 * 10 * 4);
});

test('a model with a fixed batch is not multiplied by the largest batch', () => {
  const model = inspected([spec('image', [1, 3, 224, 224])], {
    signature: { inputs: [spec('image', [1, 3, 224, 224])], outputs: [spec('logits', [1, 10])] },
  });

  expect(estimateFromInspection(model, SIZING).cacheBytes).toBe(3 * 224 * 224 * 4);
});

test('a variable length is taken for 128, or for the declared context', () => {
  const inputs = [spec('hidden', [-1, -1, 64])];

  expect(cacheBytes(inputs)).toBe(8 * 128 * 64 * 4);
  expect(cacheBytes(inputs, { contextLength: 1000 })).toBe(8 * 1000 * 64 * 4);
});

test('strings and half floats have their own element sizes', () => {
  expect(cacheBytes([spec('text', [-1, 100], 'BYTES')])).toBe(8 * 100 * 32);
  expect(cacheBytes([spec('half', [-1, 100], 'FP16')])).toBe(8 * 100 * 2);
});

test('an absurd shape makes a very large estimate, and one with a zero in it none', () => {
  const huge = 2 ** 52;

  expect(cacheBytes([spec('x', [-1, huge, huge, ...Array.from({ length: 30 }, () => huge)])])).toBe(
    Number.MAX_SAFE_INTEGER,
  );
  expect(cacheBytes([spec('x', [-1, huge, huge, 0])])).toBe(8 * 10 * 4);
});
