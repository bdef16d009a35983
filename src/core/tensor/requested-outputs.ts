import type { ModelSignature, TensorSpec } from '../model/signature.ts';
import { isHalf } from './elements.ts';
import { describe, listNames, quote, requestFault } from './fault.ts';
import { isJsonObject, readBoolean, readCount, readParameters } from './json-object.ts';
import type { RequestedOutput } from './request.ts';

/** All of the model's outputs. @throws AppError `invalid_request` when one of them can not be written as JSON */
export function allOutputs(signature: ModelSignature, binary: boolean): RequestedOutput[] {
  return signature.outputs.map((spec) => checkedOutput(spec, binary, 0));
}

/**
 * The `outputs` member of a request.
 *
 * @param binaryByDefault the request's `binary_data_output`
 * @throws AppError `invalid_request`
 */
export function readRequestedOutputs(
  value: unknown,
  signature: ModelSignature,
  binaryByDefault: boolean,
): RequestedOutput[] {
  if (value === undefined || value === null) return allOutputs(signature, binaryByDefault);
  if (!Array.isArray(value)) throw requestFault(`"outputs" must be an array, got ${describe(value)}`);
  if (value.length === 0) return allOutputs(signature, binaryByDefault);
  const seen = new Set<string>();
  return value.map((item: unknown, index) => {
    const output = readOutput(item, index, signature, binaryByDefault);
    if (seen.has(output.name)) throw requestFault(`Output ${quote(output.name)} is listed twice`);
    seen.add(output.name);
    return output;
  });
}

function readOutput(item: unknown, index: number, signature: ModelSignature, binaryByDefault: boolean) {
  if (!isJsonObject(item)) throw requestFault(`"outputs[${index}]" must be an object, got ${describe(item)}`);
  const name = item['name'];
  if (typeof name !== 'string') {
    throw requestFault(`"name" of outputs[${index}] must be a string, got ${describe(name)}`);
  }
  const spec = signature.outputs.find((candidate) => candidate.name === name);
  if (spec === undefined) {
    const known = listNames(signature.outputs.map((output) => output.name));
    throw requestFault(`Output ${quote(name)} is unknown: the model has ${known}`);
  }
  const where = `output ${quote(name)}`;
  const parameters = readParameters(item['parameters'], where);
  return checkedOutput(
    spec,
    readBoolean(parameters, 'binary_data', where) ?? binaryByDefault,
    readCount(parameters, 'classification', where) ?? 0,
  );
}

function checkedOutput(spec: TensorSpec, binary: boolean, classification: number): RequestedOutput {
  const { name, datatype } = spec;
  if (classification > 0 && (datatype === 'BOOL' || datatype === 'BYTES')) {
    throw requestFault(`Output ${quote(name)}: "classification" needs a numeric output, this one is ${datatype}`);
  }
  if (classification === 0 && !binary && isHalf(datatype)) {
    throw requestFault(
      `Output ${quote(name)}: ${datatype} has no JSON form, set "binary_data": true in its parameters, or "binary_data_output": true in the request's`,
    );
  }
  return { name, binary, classification };
}
