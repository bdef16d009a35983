import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimateFromDescription, estimateFromInspection } from '../../../src/core/memory/estimate.ts';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';

const spec = fc.record({
  name: fc.constantFrom('x', 'past_key_0', 'past_key_values.1.value', 'past_values', 'pixel_values'),
  datatype: fc.constantFrom(...DATATYPES),
  shape: fc.array(fc.oneof(fc.constant(-1), fc.nat(300), fc.constant(2 ** 52)), { maxLength: 6 }),
});
const inspected = fc.record({
  weightBytesByDatatype: fc.dictionary(fc.constantFrom('FP32', 'FP16', 'INT8', 'INT64', 'FLOAT8E5M2', 'NEW'), fc.nat()),
  parameterCount: fc.nat(),
  signature: fc.record({ inputs: fc.array(spec, { maxLength: 4 }), outputs: fc.array(spec, { maxLength: 4 }) }),
});
const sizing = fc.record({
  maxBatchSize: fc.integer({ min: 1, max: 256 }),
  concurrentSequences: fc.integer({ min: 1, max: 64 }),
  contextLength: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
  loadFactor: fc.double({ min: 1, max: 3, noNaN: true }),
  runnerBaseBytes: fc.nat(),
  dtesnBytes: fc.nat(),
});

test('whatever a file says of itself, an estimate is whole bytes that add up and can be reserved', () => {
  fc.assert(
    fc.property(inspected, sizing, (model, how) => {
      const { modelBytes, cacheBytes, dtesnBytes, runnerBaseBytes, totalBytes, weightBytes } = estimateFromInspection(
        model,
        how,
      );
      for (const bytes of [weightBytes, modelBytes, cacheBytes, totalBytes]) {
        expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
      }
      expect(modelBytes).toBeGreaterThanOrEqual(weightBytes);
      const parts = modelBytes + cacheBytes + dtesnBytes + runnerBaseBytes;
      expect(totalBytes).toBe(Math.min(parts, Number.MAX_SAFE_INTEGER));
    }),
  );
});

test('larger batches, more sequences and longer contexts never need less', () => {
  fc.assert(
    fc.property(inspected, sizing, fc.nat(100), fc.nat(100), fc.nat(100), (model, how, batch, sequences, tokens) => {
      const contextLength = how.contextLength ?? 512;
      const smaller = { ...how, contextLength };
      const larger = {
        ...how,
        maxBatchSize: how.maxBatchSize + batch,
        concurrentSequences: how.concurrentSequences + sequences,
        contextLength: contextLength + tokens,
      };
      expect(estimateFromInspection(model, larger).totalBytes).toBeGreaterThanOrEqual(
        estimateFromInspection(model, smaller).totalBytes,
      );
    }),
  );
});

test('a decoder needs the same cache whether it is inspected or described', () => {
  const small = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(
      small(80),
      small(64),
      small(256),
      small(131_072),
      small(16),
      (layers, kvHeads, headSize, tokens, sequences) => {
        const inputs = Array.from({ length: layers }, (_, layer) =>
          ['key', 'value'].map((part) => ({
            name: `past_key_values.${layer}.${part}`,
            datatype: 'FP16' as const,
            shape: [-1, kvHeads, -1, headSize],
          })),
        ).flat();
        const size = { weightBytesByDatatype: { FP16: 200 }, parameterCount: 100, signature: { inputs, outputs: [] } };
        const overheads = { runnerBaseBytes: 0 };
        expect(
          estimateFromInspection(size, {
            ...overheads,
            maxBatchSize: 32,
            contextLength: tokens,
            concurrentSequences: sequences,
          }),
        ).toEqual(
          estimateFromDescription(
            { parameters: 100, dtype: 'fp16', layers, kvHeads, headSize, contextLength: tokens, sequences },
            overheads,
          ),
        );
      },
    ),
  );
});
