import { expect, test } from 'vitest';
import { estimateFromDescription, type ModelDescription, strategyFor } from '../../../src/core/memory/estimate.ts';

const OVERHEADS = { runnerBaseBytes: 15_000_000 };

const LLAMA_3_1_8B: ModelDescription = {
  parameters: 8.03e9,
  dtype: 'bf16',
  contextLength: 8192,
  layers: 32,
  kvHeads: 8,
  headSize: 128,
  sequences: 1,
};

const weightBytesOf = (parameters: number, dtype: string) =>
  estimateFromDescription({ parameters, dtype }, OVERHEADS).weightBytes;

test('Llama 3.1 8B in bf16 has 16.06 GB of weights, 1.07 GB of cache at 8192 tokens, and is a small model', () => {
  const allocation = estimateFromDescription(LLAMA_3_1_8B, OVERHEADS);

  expect(allocation).toEqual({
    weightBytes: 16_060_000_000,
    modelBytes: 20_878_000_000,
    cacheBytes: 1_073_741_824,
    dtesnBytes: 0,
    runnerBaseBytes: 15_000_000,
    totalBytes: 20_878_000_000 + 1_073_741_824 + 15_000_000,
    parameterCount: 8_030_000_000,
    dtypeOptimization: 'bf16',
    strategy: 'small_model',
  });
});

test('a 7B model in fp16 has 14 GB of weights, the size that is quoted for it: it is not halved again', () => {
  expect(weightBytesOf(7e9, 'fp16')).toBe(14e9);
  expect(weightBytesOf(13e9, 'float16')).toBe(26e9);
  expect(weightBytesOf(70e9, 'half')).toBe(140e9);
});

test.each([
  ['bfloat16', 'bf16', 16e9],
  ['float16', 'fp16', 16e9],
  ['float32', 'fp32', 32e9],
  ['FP32', 'fp32', 32e9],
  [' BF16 ', 'bf16', 16e9],
  ['double', 'fp64', 64e9],
  ['fp8', 'fp8', 8e9],
  ['uint8', 'int8', 8e9],
  ['int8', 'int8', 8e9],
  ['int4', 'int4', 4e9],
])('%s is read as a whole word, as %s', (name, dtype, weightBytes) => {
  const allocation = estimateFromDescription({ parameters: 8e9, dtype: name }, OVERHEADS);

  expect(allocation.dtypeOptimization).toBe(dtype);
  expect(allocation.weightBytes).toBe(weightBytes);
});

test.each(['bfloat', 'float1', 'int16', 'fp16x', 'myfloat16', 'constructor', ''])(
  'the dtype %j is refused, with those that exist',
  (dtype) => {
    expect(() => weightBytesOf(1e9, dtype)).toThrow(
      expect.objectContaining({ code: 'invalid_request', next: expect.stringContaining('bfloat16') }),
    );
  },
);

test('an odd number of 4-bit weights takes up a whole last byte', () => {
  expect(weightBytesOf(5, 'int4')).toBe(3);
});

test('a 27B model is no 7B model', () => {
  const allocation = estimateFromDescription({ parameters: 27e9, dtype: 'bf16' }, OVERHEADS);

  expect(allocation.weightBytes).toBe(54e9);
  expect(allocation.strategy).toBe('medium_model');
});

test('the cache follows from layers and heads: of two 7B models, grouped heads need a quarter', () => {
  const base = { parameters: 7e9, dtype: 'fp16', contextLength: 4096, layers: 32, headSize: 128 };
  const every = estimateFromDescription({ ...base, kvHeads: 32 }, OVERHEADS);
  const grouped = estimateFromDescription({ ...base, kvHeads: 8 }, OVERHEADS);

  expect(every.modelBytes).toBe(grouped.modelBytes);
  expect(every.cacheBytes).toBe(2 ** 31);
  expect(grouped.cacheBytes).toBe(2 ** 29);
});

test('each concurrent sequence has a cache of its own', () => {
  expect(estimateFromDescription({ ...LLAMA_3_1_8B, sequences: 4 }, OVERHEADS).cacheBytes).toBe(4 * 1_073_741_824);
});

test('quantised weights keep a 16-bit cache, 32-bit ones have a 32-bit cache', () => {
  const cacheIn = (dtype: string) => estimateFromDescription({ ...LLAMA_3_1_8B, dtype }, OVERHEADS).cacheBytes;

  expect(cacheIn('int4')).toBe(1_073_741_824);
  expect(cacheIn('int8')).toBe(1_073_741_824);
  expect(cacheIn('fp32')).toBe(2 * 1_073_741_824);
});

test('without layers and heads there is no cache', () => {
  expect(estimateFromDescription({ parameters: 25e6, dtype: 'fp32' }, OVERHEADS).cacheBytes).toBe(0);
});

test('a cache described in part is refused, naming what is missing', () => {
  const part = { parameters: 8e9, dtype: 'bf16', layers: 32, contextLength: 8192 };

  expect(() => estimateFromDescription(part, OVERHEADS)).toThrow(/kv_heads, head_size/);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%s parameters are refused', (parameters) => {
  expect(() => weightBytesOf(parameters, 'fp16')).toThrow(/"parameters" must be a number of at least 1/);
});

test('figures beyond any machine stay numbers', () => {
  const absurd = {
    ...LLAMA_3_1_8B,
    parameters: 9e15,
    layers: 9e15,
    kvHeads: 9e15,
    headSize: 9e15,
    contextLength: 9e15,
  };

  const { cacheBytes, totalBytes } = estimateFromDescription(absurd, OVERHEADS);

  expect(cacheBytes).toBe(Number.MAX_SAFE_INTEGER);
  expect(totalBytes).toBe(Number.MAX_SAFE_INTEGER);
});

test('load factor and reservoir are counted as given', () => {
  const overheads = { loadFactor: 1, dtesnBytes: 500, runnerBaseBytes: 1000 };

  expect(estimateFromDescription({ parameters: 100, dtype: 'fp32' }, overheads)).toMatchObject({
    modelBytes: 400,
    dtesnBytes: 500,
    totalBytes: 1900,
  });
});

test.each([
  [0, 'small_model'],
  [9_999_999_999, 'small_model'],
  [10e9, 'medium_model'],
  [39_999_999_999, 'medium_model'],
  [40e9, 'large_model'],
])('%d parameters make a %s', (parameters, strategy) => {
  expect(strategyFor(parameters)).toBe(strategy);
});
