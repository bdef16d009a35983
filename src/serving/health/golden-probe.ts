/** An output tensor in the JSON form of the Open Inference Protocol. */
export interface JsonTensor {
  readonly name: string;
  readonly shape?: readonly number[];
  readonly datatype?: string;
  readonly data: readonly unknown[];
}

/** A recorded request and what it must give: `{name, request, expected: {outputs}, tolerance?}` in a `.json` file. */
export interface GoldenProbe {
  readonly name: string;
  /** An inference request in its JSON form. */
  readonly request: object;
  readonly expected: readonly JsonTensor[];
  readonly tolerance: Tolerance;
}

/** A value passes when it is within `absolute + relative × |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

const DEFAULT_TOLERANCE: Tolerance = { absolute: 1e-5, relative: 1e-4 };

/** @throws Error that says what is wrong with the text, and quotes none of it */
export function parseGoldenProbe(fileName: string, text: string): GoldenProbe {
  const probe = parseJson(text);
  if (!isRecord(probe)) throw new Error('it is no JSON object');
  const { name, request, expected, tolerance } = probe;
  if (!isRecord(request)) throw new Error('"request" is missing');
  const outputs = outputsOf(expected);
  if (outputs === undefined) throw new Error('"expected.outputs" is missing, or one of them lacks "name" or "data"');
  const given = isRecord(tolerance) ? tolerance : {};
  return {
    name: typeof name === 'string' ? name : fileName,
    request,
    expected: outputs,
    tolerance: {
      absolute: typeof given['absolute'] === 'number' ? given['absolute'] : DEFAULT_TOLERANCE.absolute,
      relative: typeof given['relative'] === 'number' ? given['relative'] : DEFAULT_TOLERANCE.relative,
    },
  };
}

/** The parser's own messages quote the text, and a caller may be told of what should not have been there. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = /\((line \d+ column \d+)\)$/.exec(String(error))?.[1];
    throw new Error(`it is not valid JSON${place === undefined ? '' : ` (${place})`}`);
  }
}

/** The `outputs` of an answer, or undefined where it has none that can be read. */
export function outputsOf(answer: unknown): readonly JsonTensor[] | undefined {
  if (!isRecord(answer) || !Array.isArray(answer['outputs'])) return undefined;
  const outputs: readonly unknown[] = answer['outputs'];
  return outputs.every(isJsonTensor) ? outputs : undefined;
}

/** The first difference as a sentence, or undefined where the answer is as expected. */
export function differenceOf(probe: GoldenProbe, actual: readonly JsonTensor[]): string | undefined {
  for (const expected of probe.expected) {
    const given = actual.find((output) => output.name === expected.name);
    const difference = given === undefined ? 'is missing' : tensorDifference(expected, given, probe.tolerance);
    if (difference !== undefined) return `output "${expected.name}" ${difference}`;
  }
  return undefined;
}

function tensorDifference(expected: JsonTensor, actual: JsonTensor, tolerance: Tolerance): string | undefined {
  if (expected.datatype !== undefined && actual.datatype !== expected.datatype) {
    return `is ${actual.datatype}, expected ${expected.datatype}`;
  }
  if (expected.shape !== undefined && String(actual.shape) !== String(expected.shape)) {
    return `has shape [${actual.shape}], expected [${expected.shape}]`;
  }
  const [want, got] = [flatten(expected.data), flatten(actual.data)];
  if (want.length !== got.length) return `has ${got.length} elements, expected ${want.length}`;
  const at = want.findIndex((value, i) => !isWithin(value, got[i], tolerance));
  return at < 0
    ? undefined
    : `differs at element ${at}: ${JSON.stringify(got[at])}, expected ${JSON.stringify(want[at])}`;
}

function isWithin(expected: unknown, actual: unknown, tolerance: Tolerance): boolean {
  if (typeof expected !== 'number' || typeof actual !== 'number') return expected === actual;
  return Math.abs(actual - expected) <= tolerance.absolute + tolerance.relative * Math.abs(expected);
}

/** Whether every number is one: NaN and infinities are written as null. */
export function areFinite(outputs: readonly JsonTensor[]): boolean {
  return outputs.every((output) => !flatten(output.data).includes(null));
}

function flatten(data: readonly unknown[]): readonly unknown[] {
  return data.flat(Number.POSITIVE_INFINITY);
}

function isJsonTensor(value: unknown): value is JsonTensor {
  return isRecord(value) && typeof value['name'] === 'string' && Array.isArray(value['data']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
