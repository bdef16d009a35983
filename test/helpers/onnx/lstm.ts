import { floatTensor, integerTensor } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { seededFloats } from './seeded.ts';

export const LSTM_INPUTS = 4;
export const LSTM_UNITS = 8;

/** What makes the tensors of `lstm` that carry its state one. */
export const LSTM_STATE = [
  { input: 'h', output: 'h_out' },
  { input: 'c', output: 'c_out' },
];

/**
 * An LSTM over some steps, and its state as further inputs and outputs: `x` FP32 [batch, steps, 4], `h` and `c`
 * [batch, 8] to `y` [batch, steps, 8], `h_out` and `c_out` [batch, 8]. ONNX has the steps first, and a dimension for
 * directions: batches are joined along the first dimension, and so everything is turned.
 */
export function lstm(seed = 1): Uint8Array {
  const [units, gates] = [LSTM_UNITS, 4 * LSTM_UNITS];
  const state = (name: string) => ({ name, datatype: 'FP32', shape: ['batch', units] }) as const;
  return modelProto({
    graph: {
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['steps_first'], attributes: { perm: { ints: [1, 0, 2] } } },
        { op: 'Unsqueeze', inputs: ['h', 'first'], outputs: ['initial_h'] },
        { op: 'Unsqueeze', inputs: ['c', 'first'], outputs: ['initial_c'] },
        {
          op: 'LSTM',
          inputs: ['steps_first', 'w', 'r', 'b', '', 'initial_h', 'initial_c'],
          outputs: ['all', 'last_h', 'last_c'],
          attributes: { hidden_size: { int: units } },
        },
        { op: 'Squeeze', inputs: ['all', 'second'], outputs: ['one_direction'] },
        { op: 'Transpose', inputs: ['one_direction'], outputs: ['y'], attributes: { perm: { ints: [1, 0, 2] } } },
        { op: 'Squeeze', inputs: ['last_h', 'first'], outputs: ['h_out'] },
        { op: 'Squeeze', inputs: ['last_c', 'first'], outputs: ['c_out'] },
      ],
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', 'steps', LSTM_INPUTS] }, state('h'), state('c')],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', 'steps', units] }, state('h_out'), state('c_out')],
      initializers: [
        floatTensor('w', [1, gates, LSTM_INPUTS], seededFloats(gates * LSTM_INPUTS, seed, 0.5)),
        floatTensor('r', [1, gates, units], seededFloats(gates * units, seed + 1, 0.5)),
        floatTensor('b', [1, 2 * gates], seededFloats(2 * gates, seed + 2, 0.1)),
        integerTensor('first', [1], [0]),
        integerTensor('second', [1], [1]),
      ],
    },
  });
}

/**
 * A counter: `y` and the state after a run are the state before it and `x`; FP32 [batch, 1].
 * What it gives tells which inputs a sequence has had.
 */
export function counter(): Uint8Array {
  const column = (name: string) => ({ name, datatype: 'FP32', shape: ['batch', 1] }) as const;
  return modelProto({
    graph: {
      nodes: [
        { op: 'Add', inputs: ['h', 'x'], outputs: ['y'] },
        { op: 'Identity', inputs: ['y'], outputs: ['h_out'] },
      ],
      inputs: [column('x'), column('h')],
      outputs: [column('y'), column('h_out')],
    },
  });
}

export const COUNTER_STATE = [{ input: 'h', output: 'h_out' }];
