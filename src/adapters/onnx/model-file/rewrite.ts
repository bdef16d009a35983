import { closeSync, openSync, writeSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type Inspected, inspectFile } from './inspect-model.ts';
import { GRAPH, MODEL, OPSET } from './onnx-fields.ts';
import { PositionalFile } from './positional-file.ts';
import { unzippedSpec } from './signature.ts';
import type { Span } from './wire-reader.ts';
import { nodeProto, valueInfoProto } from './writer.ts';

/** A part of the rewritten file: bytes of the original, or new ones. */
type Piece = Span | Uint8Array;

/** An opset in which Identity takes what a ZipMap takes, for models that import ai.onnx.ml alone. */
const FALLBACK_OPSET = 13;
const COPY_BYTES = 1 << 20;

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

/** Writes the rewritten model of an inspection that has zipped outputs. */
export function writeRewritten(file: PositionalFile, inspected: Inspected, outPath: string): void {
  const fd = openSync(outPath, 'wx');
  try {
    for (const piece of pieces(file, inspected)) {
      if (piece instanceof Uint8Array) writeWhole(fd, piece);
      else copy(file, piece, fd);
    }
  } finally {
    closeSync(fd);
  }
}

function pieces(file: PositionalFile, { structure, zipped }: Inspected): Piece[] {
  const { span } = structure.graph;
  const replacements = zipped
    .flatMap(({ output, zipMap }) => {
      const identity = nodeProto({ op: 'Identity', inputs: [zipMap.input], outputs: [zipMap.output] });
      const value = valueInfoProto(unzippedSpec({ output, zipMap }));
      return [
        { span: zipMap.span, bytes: delimited(GRAPH.node, identity) },
        { span: output.span, bytes: delimited(GRAPH.output, value) },
      ];
    })
    .toSorted((a, b) => a.span.start - b.span.start);
  const graph: Piece[] = [];
  let position = span.bodyStart;
  for (const replacement of replacements) {
    graph.push({ start: position, end: replacement.span.start }, replacement.bytes);
    position = replacement.span.end;
  }
  graph.push({ start: position, end: span.end });
  const graphBytes = graph.reduce((sum, piece) => sum + lengthOf(piece), 0);
  const header = new BinaryWriter().tag(MODEL.graph, WireType.LengthDelimited).uint32(graphBytes).finish();
  const opset = '' in structure.opsets ? [] : [fallbackOpset()];
  return [{ start: 0, end: span.start }, header, ...graph, { start: span.end, end: file.size }, ...opset];
}

function fallbackOpset(): Uint8Array {
  const opset = new BinaryWriter().tag(OPSET.version, WireType.Varint).int64(FALLBACK_OPSET).finish();
  return delimited(MODEL.opsetImport, opset);
}

function delimited(field: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(message).finish();
}

function lengthOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.end - piece.start;
}

function copy(file: PositionalFile, span: Span, fd: number): void {
  for (let position = span.start; position < span.end; position += COPY_BYTES) {
    writeWhole(fd, file.bytes(position, Math.min(span.end, position + COPY_BYTES)));
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
