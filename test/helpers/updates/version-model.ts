import {
  floatTensor,
  type GraphSpec,
  integerTensor,
  type NodeSpec,
} from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { seededFloats } from '../onnx/seeded.ts';

/** What a version does with an input that is bad for it. */
export type Fault = 'fail' | 'crash' | 'not_finite' | 'hang';

export interface VersionSpec {
  /** What tells one version's answers from another's: `y = 3 x + offset`. */
  readonly offset: number;
  /** Rounds of computing that each run costs, some 10 µs of processor time each. */
  readonly rounds?: number;
  /** Of the inputs from {@link FIRST_LIVE_INPUT} on, this percentage meets the fault, chosen by their last two digits. */
  readonly bad?: { readonly fault: Fault; readonly percent: number };
}

/** Smaller inputs, as health checks make them up, are answered well by every version. */
export const FIRST_LIVE_INPUT = 1000;

const FACTOR = 3;
const WIDTH = 256;
/** Rounds of the loop that hangs: hours. */
const FOR_HOURS = 10n ** 12n;

/** What a version has to answer. Exact for what a double holds. */
export function rightAnswer({ offset }: VersionSpec, x: number): number {
  return FACTOR * x + offset;
}

/** `y = 3 x + offset`; `x` INT64 [batch], `y` FP64 [batch]. Batchable. With what its specification says is wrong with it. */
export function versionModel({ offset, rounds = 0, bad }: VersionSpec): Uint8Array {
  const terms = [...(bad === undefined ? [] : ['fault_term']), ...(rounds === 0 ? [] : ['work_term'])];
  return modelProto({
    graph: {
      nodes: [
        ...(bad === undefined ? [] : [...badInputs(), ...faultTerm(bad.fault)]),
        ...(rounds === 0 ? [] : workTerm()),
        { op: 'Cast', inputs: ['x'], outputs: ['sum_0'], attributes: { to: { int: 11 } } },
        { op: 'Mul', inputs: ['sum_0', 'factor'], outputs: ['sum_1'] },
        ...terms.map((term, index) => ({
          op: 'Add',
          inputs: [`sum_${index + 1}`, term],
          outputs: [`sum_${index + 2}`],
        })),
        { op: 'Add', inputs: [`sum_${terms.length + 1}`, 'offset'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'FP64', shape: ['batch'] }],
      initializers: [
        doubleTensor('factor', FACTOR),
        doubleTensor('offset', offset),
        ...(bad === undefined ? [] : [...badConstants(bad.percent), ...faultConstants(bad.fault)]),
        ...(rounds === 0 ? [] : workConstants(rounds)),
      ],
    },
  });
}

function doubleTensor(name: string, value: number): Tensor {
  return { name, datatype: 'FP64', shape: [1], data: Float64Array.of(value) };
}

/** `is_bad`, BOOL [batch]. */
function badInputs(): NodeSpec[] {
  return [
    { op: 'Mod', inputs: ['x', 'hundred'], outputs: ['digits'] },
    { op: 'Less', inputs: ['digits', 'percent'], outputs: ['is_chosen'] },
    { op: 'Less', inputs: ['last_probe', 'x'], outputs: ['is_live'] },
    { op: 'And', inputs: ['is_chosen', 'is_live'], outputs: ['is_bad'] },
  ];
}

function badConstants(percent: number): Tensor[] {
  return [
    integerTensor('hundred', [1], [100]),
    integerTensor('percent', [1], [percent]),
    integerTensor('last_probe', [1], [FIRST_LIVE_INPUT - 1]),
  ];
}

function faultConstants(fault: Fault): Tensor[] {
  switch (fault) {
    case 'fail':
      return [integerTensor('zero', [1], [0]), integerTensor('outside', [1], [1000]), doubleTensor('nought', 0)];
    case 'crash':
      return [
        integerTensor('zero', [1], [0]),
        integerTensor('one', [1], [1]),
        integerTensor('minus_one', [1], [-1]),
        integerTensor('smallest', [1], [-(2n ** 63n)]),
      ];
    case 'not_finite':
      return [doubleTensor('not_a_number', Number.NaN), doubleTensor('nought', 0)];
    case 'hang':
      return [
        integerTensor('zero', [1], [0]),
        integerTensor('for_hours', [1], [FOR_HOURS]),
        floatTensor('scalar', [], [1]),
      ];
  }
}

/** `fault_term`, FP64 [batch] or [1]: zero where no input is bad. */
function faultTerm(fault: Fault): NodeSpec[] {
  switch (fault) {
    case 'fail':
      // The table has one row, so `outside` is out of range: Gather checks its indices when it runs.
      return [
        { op: 'Where', inputs: ['is_bad', 'outside', 'zero'], outputs: ['index'] },
        { op: 'Gather', inputs: ['nought', 'index'], outputs: ['fault_term'] },
      ];
    case 'crash':
      // The quotient of the smallest INT64 and −1 does not fit: x86 processors trap (SIGFPE).
      return [
        { op: 'Where', inputs: ['is_bad', 'minus_one', 'one'], outputs: ['divisor'] },
        { op: 'Div', inputs: ['smallest', 'divisor'], outputs: ['quotient'] },
        { op: 'Mul', inputs: ['quotient', 'zero'], outputs: ['none'] },
        { op: 'Cast', inputs: ['none'], outputs: ['fault_term'], attributes: { to: { int: 11 } } },
      ];
    case 'not_finite':
      return [{ op: 'Where', inputs: ['is_bad', 'not_a_number', 'nought'], outputs: ['fault_term'] }];
    case 'hang':
      return [
        { op: 'Where', inputs: ['is_bad', 'for_hours', 'zero'], outputs: ['trips'] },
        { op: 'ReduceMax', inputs: ['trips'], outputs: ['most_trips'], attributes: { keepdims: { int: 0 } } },
        {
          op: 'Loop',
          inputs: ['most_trips', '', 'scalar'],
          outputs: ['hung'],
          attributes: { body: { graph: loopBody([], { op: 'Identity', inputs: ['state'], outputs: ['state_out'] }) } },
        },
        { op: 'Sub', inputs: ['hung', 'scalar'], outputs: ['none'] },
        { op: 'Cast', inputs: ['none'], outputs: ['fault_term'], attributes: { to: { int: 11 } } },
      ];
  }
}

/** `work_term`, an FP64 scalar of zero that takes `rounds` products of a vector and a matrix, whatever the batch. */
function workTerm(): NodeSpec[] {
  const product: NodeSpec = { op: 'MatMul', inputs: ['state', 'matrix'], outputs: ['state_out'] };
  return [
    // It depends on the input, so that it can not be worked out when the model is loaded.
    { op: 'ReduceMax', inputs: ['x'], outputs: ['largest'], attributes: { keepdims: { int: 1 } } },
    { op: 'Mul', inputs: ['largest', 'no'], outputs: ['no_rounds'] },
    { op: 'Add', inputs: ['no_rounds', 'rounds'], outputs: ['round_count'] },
    {
      op: 'Loop',
      inputs: ['round_count', '', 'start'],
      outputs: ['end'],
      attributes: { body: { graph: loopBody([1, WIDTH], product) } },
    },
    { op: 'ReduceMax', inputs: ['end'], outputs: ['end_largest'], attributes: { keepdims: { int: 0 } } },
    { op: 'Cast', inputs: ['end_largest'], outputs: ['work_term'], attributes: { to: { int: 11 } } },
  ];
}

function workConstants(rounds: number): Tensor[] {
  return [
    integerTensor('no', [1], [0]),
    integerTensor('rounds', [1], [rounds]),
    floatTensor('start', [1, WIDTH], new Float32Array(WIDTH)),
    floatTensor('matrix', [WIDTH, WIDTH], seededFloats(WIDTH * WIDTH, 3)),
  ];
}

function loopBody(stateShape: readonly number[], step: NodeSpec): GraphSpec {
  return {
    name: 'body',
    nodes: [{ op: 'Identity', inputs: ['go_on'], outputs: ['go_on_out'] }, step],
    inputs: [
      { name: 'iteration', datatype: 'INT64', shape: [] },
      { name: 'go_on', datatype: 'BOOL', shape: [] },
      { name: 'state', datatype: 'FP32', shape: stateShape },
    ],
    outputs: [
      { name: 'go_on_out', datatype: 'BOOL', shape: [] },
      { name: 'state_out', datatype: 'FP32', shape: stateShape },
    ],
  };
}
