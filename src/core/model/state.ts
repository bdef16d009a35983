import { AppError } from '../errors.ts';
import type { Tensor } from '../tensor/datatype.ts';
import { ELEMENT_BYTES } from '../tensor/datatype.ts';
import { ELEMENT_ARRAYS, type NumericData, type NumericDatatype } from '../tensor/elements.ts';
import { listNames, quote } from '../tensor/fault.ts';
import { elementCount, formatShape } from '../tensor/shape.ts';
import type { ModelSignature, TensorSpec } from './signature.ts';

/** A pair of tensors that a manifest names: what a run gives as `output` is the `input` of the sequence's next run. */
export interface StateDeclaration {
  readonly input: string;
  readonly output: string;
  /** What a sequence begins with: one number for all elements, or the elements of one row, in order. Default 0. */
  readonly initial?: number | readonly number[];
}

/** A state tensor as the server keeps it for a sequence: one row. */
export interface StateTensor {
  readonly input: string;
  readonly output: string;
  readonly datatype: NumericDatatype;
  /** The dimensions behind the first, all of them fixed. */
  readonly rowShape: readonly number[];
  readonly initial: number | readonly number[];
}

/**
 * State tensors by what a manifest declares and the model has.
 * @throws AppError `model_unloadable` that names the tensor and what is wrong with it
 */
export function stateTensors(signature: ModelSignature, declared: readonly StateDeclaration[]): StateTensor[] {
  refuseTwice(declared.map(({ input }) => input));
  refuseTwice(declared.map(({ output }) => output));
  const tensors = declared.map((each) => stateTensor(signature, each));
  if (signature.outputs.length === declared.length && declared.length > 0) {
    throw fault('every output of the model is declared a state: it would have nothing to answer');
  }
  return tensors;
}

/** What clients see of a model: its inputs and outputs without those that are states. */
export function withoutState(signature: ModelSignature, state: readonly StateTensor[]): ModelSignature {
  if (state.length === 0) return signature;
  return {
    inputs: signature.inputs.filter(({ name }) => !state.some(({ input }) => input === name)),
    outputs: signature.outputs.filter(({ name }) => !state.some(({ output }) => output === name)),
  };
}

/** The tensor that sequences begin with, of so many rows. */
export function initialState({ input, datatype, rowShape, initial }: StateTensor, rows: number): Tensor {
  const rowSize = elementCount(rowShape);
  const data: NumericData = new ELEMENT_ARRAYS[datatype](rows * rowSize);
  for (let at = 0; at < data.length; at += 1) {
    const value = typeof initial === 'number' ? initial : (initial[at % rowSize] ?? 0);
    if (value !== 0) put(data, at, value);
  }
  return { name: input, datatype, shape: [rows, ...rowShape], data };
}

/** Bytes of all states of one sequence. */
export function stateBytes(state: readonly StateTensor[]): number {
  return state.reduce((sum, { datatype, rowShape }) => sum + elementCount(rowShape) * ELEMENT_BYTES[datatype], 0);
}

function stateTensor(signature: ModelSignature, { input, output, initial = 0 }: StateDeclaration): StateTensor {
  const [from, to] = [find('input', signature.inputs, input), find('output', signature.outputs, output)];
  const { datatype } = from;
  if (datatype === 'BYTES') throw fault(`input ${quote(input)} has BYTES, which can not be a state`);
  if (to.datatype !== datatype) {
    throw fault(`input ${quote(input)} has ${datatype}, output ${quote(output)} has ${to.datatype}`);
  }
  const [rows, ...rowShape] = from.shape;
  if (rows !== -1 || rowShape.some((dimension) => dimension < 0)) {
    const shape = formatShape(from.shape);
    throw fault(
      `input ${quote(input)} has shape ${shape}: the first dimension must be free, for sequences to share a run, and the others fixed`,
    );
  }
  if (!canBecome(to.shape, from.shape)) {
    const shapes = `${formatShape(from.shape)}, output ${quote(output)} has ${formatShape(to.shape)}`;
    throw fault(`input ${quote(input)} has shape ${shapes}`);
  }
  checkInitial(input, datatype, rowShape, initial);
  return { input, output, datatype, rowShape, initial };
}

/** A file may leave dimensions of an output open, or all of them; each run shows them. */
function canBecome(given: readonly number[], wanted: readonly number[]): boolean {
  if (given.length === 0) return true;
  return (
    given.length === wanted.length && given.every((dimension, axis) => dimension < 0 || dimension === wanted[axis])
  );
}

function checkInitial(
  input: string,
  datatype: NumericDatatype,
  rowShape: readonly number[],
  initial: number | readonly number[],
): void {
  const values = typeof initial === 'number' ? [initial] : initial;
  const size = elementCount(rowShape);
  if (typeof initial !== 'number' && initial.length !== size) {
    throw fault(`"initial" of ${quote(input)} has ${initial.length} elements, a row of it has ${size}`);
  }
  const isFloat = datatype === 'FP16' || datatype === 'FP32' || datatype === 'FP64';
  // What the array does not keep as it is would be another value in the model.
  const odd = values.find((value) => !isFloat && !isExact(datatype, value));
  if (odd !== undefined) throw fault(`"initial" of ${quote(input)} has ${odd}, which is no ${datatype}`);
}

function isExact(datatype: NumericDatatype, value: number): boolean {
  if (!Number.isSafeInteger(value)) return false;
  if (datatype === 'BOOL') return value === 0 || value === 1;
  const element: NumericData = new ELEMENT_ARRAYS[datatype](1);
  put(element, 0, value);
  return Number(element[0]) === value;
}

function put(data: NumericData, at: number, value: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[at] = BigInt(value);
  else data[at] = value;
}

function find(role: 'input' | 'output', specs: readonly TensorSpec[], name: string): TensorSpec {
  const found = specs.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  throw fault(`there is no ${role} ${quote(name)}: the model has ${listNames(specs.map((spec) => spec.name))}`);
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw fault(`${quote(twice)} is declared twice`);
}

function fault(problem: string): AppError {
  return new AppError('model_unloadable', `The state tensors of the manifest do not fit the model: ${problem}.`, {
    next: 'Correct "state" in model.json.',
  });
}
