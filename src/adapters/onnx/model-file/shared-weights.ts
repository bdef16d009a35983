import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { GraphStructure } from './model-structure.ts';
import { GRAPH, TENSOR } from './onnx-fields.ts';
import type { PositionalFile } from './positional-file.ts';
import { copySpan, createFile, type Edit, lengthOf, type Piece } from './splice.ts';
import { readTensor } from './stored-tensor.ts';
import { type Field, fields, fieldsOf, type Span } from './wire-reader.ts';
import { externalPlace } from './writer.ts';

/** Where the weights are that were moved out of a model, beside it. */
export const WEIGHTS_FILE = 'weights.bin';

/** A smaller tensor is not worth a page, and a mapping, of its own. */
const SHARED_FROM_BYTES = 4096;

/** The largest page that systems have: no two tensors are on one. The gaps are holes, which take up no room on the disk. */
const ALIGNMENT = 65_536;

const DELIMITED = 2;

/** Elements that lie in the file as they lie in memory: little-endian, like every machine that onnxruntime-node runs on. */
const PAYLOADS: ReadonlyMap<number, string | undefined> = new Map([
  [TENSOR.rawData, undefined],
  // Packed numbers of fixed size; as raw data, but for this type alone.
  [TENSOR.floatData, 'FP32'],
  [TENSOR.doubleData, 'FP64'],
]);

const PAYLOAD_FIELDS: ReadonlySet<number> = new Set([
  ...PAYLOADS.keys(),
  TENSOR.int32Data,
  TENSOR.int64Data,
  TENSOR.uint64Data,
  TENSOR.stringData,
]);

/** How weights are to move out of a model, so that processes can map them. */
export interface WeightsMove {
  readonly copies: readonly { readonly from: Span; readonly at: number }[];
  readonly edits: readonly Edit[];
}

/**
 * The larger initializers of a graph, and where they will be. What stays where it is: those of subgraphs, sparse ones,
 * text, integers that are stored one by one, and constants that are nodes.
 */
export function planMove(file: PositionalFile, { span }: GraphStructure): WeightsMove {
  const copies: { from: Span; at: number }[] = [];
  const edits: Edit[] = [];
  let position = 0;
  for (const field of fields(file, { start: span.bodyStart, end: span.end })) {
    const payload = field.number === GRAPH.initializer ? movablePayload(file, field) : undefined;
    if (payload === undefined) continue;
    const at = Math.ceil(position / ALIGNMENT) * ALIGNMENT;
    position = at + payload.end - payload.start;
    copies.push({ from: payload, at });
    edits.push(referTo(field, payload, at));
  }
  return { copies, edits };
}

/** Writes the moved weights to `outPath`, through a small buffer. */
export function writeWeights(file: PositionalFile, { copies }: WeightsMove, outPath: string): void {
  createFile(outPath, (fd) => {
    for (const { from, at } of copies) copySpan(file, from, fd, at);
  });
}

/** The field with a tensor's elements; undefined where the tensor stays as it is. */
function movablePayload(file: PositionalFile, tensor: Field): Field | undefined {
  if (tensor.end - tensor.start < SHARED_FROM_BYTES) return undefined;
  const payload = onlyPayload(file, tensor);
  if (payload === undefined || !PAYLOADS.has(payload.number)) return undefined;
  const { type, bytes, external } = readTensor(file, tensor);
  const wanted = PAYLOADS.get(payload.number) ?? type.name;
  const length = payload.end - payload.start;
  // One of the wrong length is for onnxruntime to judge.
  const isWhole = external === undefined && type.name === wanted && length === bytes;
  return isWhole && length >= SHARED_FROM_BYTES ? payload : undefined;
}

/** Undefined where elements are in several fields, in none, or each in one of its own. */
function onlyPayload(file: PositionalFile, tensor: Field): Field | undefined {
  let payload: Field | undefined;
  for (const field of fieldsOf(file, tensor)) {
    if (!PAYLOAD_FIELDS.has(field.number)) continue;
    if (payload !== undefined || field.wire !== DELIMITED) return undefined;
    payload = field;
  }
  return payload;
}

/** Everything else that the tensor says of itself stays, in the bytes that it is said in. */
function referTo(tensor: Field, payload: Field, offset: number): Edit {
  const place = { location: WEIGHTS_FILE, offset, length: payload.end - payload.start };
  const body: Piece[] = [
    { start: tensor.start, end: payload.tagStart },
    { start: payload.end, end: tensor.end },
    externalPlace(place),
  ];
  const header = new BinaryWriter().tag(GRAPH.initializer, WireType.LengthDelimited).uint32(lengthOf(body)).finish();
  return { span: { start: tensor.tagStart, end: tensor.end }, pieces: [header, ...body] };
}
