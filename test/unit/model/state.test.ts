import { describe, expect, test } from 'vitest';
import type { ModelSignature, TensorSpec } from '../../../src/core/model/signature.ts';
import { initialState, stateBytes, stateTensors, withoutState } from '../../../src/core/model/state.ts';

const FLOATS: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 4] };

function signature(h: Partial<TensorSpec> = {}, out: Partial<TensorSpec> = {}): ModelSignature {
  const state = { datatype: 'FP32', shape: [-1, 2, 3] } as const;
  return {
    inputs: [FLOATS, { ...state, ...h, name: 'h' }],
    outputs: [
      { ...FLOATS, name: 'y' },
      { ...state, ...h, ...out, name: 'h_out' },
    ],
  };
}

const H = { input: 'h', output: 'h_out' };

test('states are hidden from clients', () => {
  const state = stateTensors(signature(), [H]);
  expect(state).toEqual([{ ...H, datatype: 'FP32', rowShape: [2, 3], initial: 0 }]);
  const { inputs, outputs } = withoutState(signature(), state);
  expect([...inputs, ...outputs].map(({ name }) => name)).toEqual(['x', 'y']);
});

test('a file may leave the shape of the output open', () => {
  for (const shape of [[], [-1, -1, 3]]) expect(stateTensors(signature({}, { shape }), [H])).toHaveLength(1);
});

test('their bytes are those of one row of each', () => {
  const [state] = stateTensors(signature({ datatype: 'FP64' }), [H]);
  expect(stateBytes(state === undefined ? [] : [state, state])).toBe(2 * 6 * 8);
});

describe('they begin with', () => {
  const begin = (datatype: TensorSpec['datatype'], initial?: number | number[]) => {
    const [state] = stateTensors(signature({ datatype }), [initial === undefined ? H : { ...H, initial }]);
    return state === undefined ? undefined : initialState(state, 2);
  };

  test('zeros', () => {
    expect(begin('INT64')).toEqual({ name: 'h', datatype: 'INT64', shape: [2, 2, 3], data: new BigInt64Array(12) });
  });

  test('one number for all elements', () => {
    expect(begin('FP32', -1)?.data).toEqual(new Float32Array(12).fill(-1));
  });

  test('the same elements in each row', () => {
    const row = [1, 2, 3, 4, 5, 6];
    expect(begin('UINT64', row)?.data).toEqual(BigUint64Array.from([...row, ...row], BigInt));
  });
});

describe('a declaration is refused', () => {
  test.each([
    ['no such input', signature(), [{ input: 'g', output: 'h_out' }], /no input "g": the model has "x", "h"/],
    ['no such output', signature(), [{ input: 'h', output: 'g' }], /no output "g": the model has "y", "h_out"/],
    ['twice the same input', signature(), [H, { input: 'h', output: 'y' }], /"h" is declared twice/],
    ['twice the same output', signature(), [H, { input: 'x', output: 'h_out' }], /"h_out" is declared twice/],
    ['other data types', signature({}, { datatype: 'FP64' }), [H], /"h" has FP32, output "h_out" has FP64/],
    ['texts', signature({ datatype: 'BYTES' }), [H], /BYTES, which can not be a state/],
    ['a fixed first dimension', signature({ shape: [1, 2, 3] }), [H], /\[1, 2, 3\]: the first dimension must be free/],
    ['another free dimension', signature({ shape: [-1, -1, 3] }), [H], /and the others fixed/],
    ['no dimension', signature({ shape: [] }), [H], /the first dimension must be free/],
    ['other shapes', signature({}, { shape: [-1, 3, 2] }), [H], /\[-1, 2, 3\], output "h_out" has \[-1, 3, 2\]/],
    ['other ranks', signature({}, { shape: [-1, 2] }), [H], /output "h_out" has \[-1, 2\]/],
    ['a row too short', signature(), [{ ...H, initial: [1, 2] }], /has 2 elements, a row of it has 6/],
    ['a fraction of an integer', signature({ datatype: 'INT32' }), [{ ...H, initial: 0.5 }], /0.5, which is no INT32/],
    ['a number too large', signature({ datatype: 'UINT8' }), [{ ...H, initial: 256 }], /256, which is no UINT8/],
    ['no truth', signature({ datatype: 'BOOL' }), [{ ...H, initial: 2 }], /2, which is no BOOL/],
  ])('%s', (_what, model, declared, message) => {
    expect(() => stateTensors(model, declared)).toThrow(
      expect.objectContaining({ code: 'model_unloadable', message: expect.stringMatching(message) }),
    );
  });

  test('that leaves nothing to answer', () => {
    const { inputs, outputs } = signature();
    expect(() => stateTensors({ inputs, outputs: outputs.slice(1) }, [H])).toThrow('nothing to answer');
  });
});
