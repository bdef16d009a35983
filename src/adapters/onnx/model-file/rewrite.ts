import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Inspected, inspectFile } from './inspect-model.ts';
import { GRAPH, MODEL, OPSET } from './onnx-fields.ts';
import { PositionalFile } from './positional-file.ts';
import { unzippedSpec, type ZippedOutput } from './signature.ts';
import { createFile, type Edit, lengthOf, type Piece, splice, writePieces } from './splice.ts';
import { nodeProto, valueInfoProto } from './writer.ts';

/** An opset in which Identity takes what a ZipMap takes, for models that import ai.onnx.ml alone. */
const FALLBACK_OPSET = 13;

/**
 * Writes the model to `outPath` so that all its outputs are tensors: each ZipMap at an output becomes an Identity of
 * the same output name. Everything else is copied byte by byte through a small buffer.
 * @returns what was changed, as sentences; nothing is written when nothing is to be changed
 * @throws AppError `model_unloadable` when the model can not be served even so
 */
export function rewriteForServing(path: string, outPath: string): readonly string[] {
  using file = new PositionalFile(path);
  const inspected = inspectFile(path, file);
  if (inspected.zipped.length > 0) writeRewritten(file, inspected, outPath);
  return inspected.inspection.rewrites;
}

/** Writes the model of an inspection with its ZipMaps taken out, and with these edits in its graph. */
export function writeRewritten(
  file: PositionalFile,
  inspected: Inspected,
  outPath: string,
  edits: readonly Edit[] = [],
): void {
  createFile(outPath, (fd) => writePieces(file, pieces(file, inspected, edits), fd));
}

function pieces(file: PositionalFile, { structure, zipped }: Inspected, edits: readonly Edit[]): Piece[] {
  const { span } = structure.graph;
  const graph = splice({ start: span.bodyStart, end: span.end }, [...zipped.flatMap(unzip), ...edits]);
  const header = new BinaryWriter().tag(MODEL.graph, WireType.LengthDelimited).uint32(lengthOf(graph)).finish();
  const opset = zipped.length === 0 || '' in structure.opsets ? [] : [fallbackOpset()];
  return [{ start: 0, end: span.start }, header, ...graph, { start: span.end, end: file.size }, ...opset];
}

function unzip({ output, zipMap }: ZippedOutput): Edit[] {
  const identity = nodeProto({ op: 'Identity', inputs: [zipMap.input], outputs: [zipMap.output] });
  const value = valueInfoProto(unzippedSpec({ output, zipMap }));
  return [
    { span: zipMap.span, pieces: [delimited(GRAPH.node, identity)] },
    { span: output.span, pieces: [delimited(GRAPH.output, value)] },
  ];
}

function fallbackOpset(): Uint8Array {
  const opset = new BinaryWriter().tag(OPSET.version, WireType.Varint).int64(FALLBACK_OPSET).finish();
  return delimited(MODEL.opsetImport, opset);
}

function delimited(field: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(message).finish();
}
