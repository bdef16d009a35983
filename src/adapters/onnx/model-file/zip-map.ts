import { ATTRIBUTE, NODE } from './onnx-fields.ts';
import type { PositionalFile } from './positional-file.ts';
import { type Field, fieldsOf, integersOf, type Span, textOf } from './wire-reader.ts';

/** A ZipMap of ai.onnx.ml: turns scores, FP32 [batch, classes], into a sequence of maps from label to score. */
export interface ZipMapNode {
  readonly input: string;
  readonly output: string;
  /** One per class, integers in decimal. */
  readonly labels: readonly string[];
  /** Its whole field in the file. */
  readonly span: Span;
}

/** Whether a node of the graph is a ZipMap. */
export function isZipMap(file: PositionalFile, node: Field): boolean {
  let opType = '';
  let domain = '';
  for (const field of fieldsOf(file, node)) {
    if (field.number === NODE.opType) opType = textOf(file, field);
    else if (field.number === NODE.domain) domain = textOf(file, field);
  }
  return opType === 'ZipMap' && domain === 'ai.onnx.ml';
}

/** @throws AppError `model_unloadable` where the bytes are no node */
export function readZipMap(file: PositionalFile, node: Field): ZipMapNode {
  let input = '';
  let output = '';
  const labels: string[] = [];
  for (const field of fieldsOf(file, node)) {
    if (field.number === NODE.input) input = textOf(file, field);
    else if (field.number === NODE.output) output = textOf(file, field);
    else if (field.number === NODE.attribute) labels.push(...readLabels(file, field));
  }
  return { input, output, labels, span: { start: node.tagStart, end: node.end } };
}

/** The values of `classlabels_strings` or `classlabels_int64s`, the only attributes that a ZipMap has. */
function readLabels(file: PositionalFile, attribute: Field): string[] {
  const labels: string[] = [];
  for (const field of fieldsOf(file, attribute)) {
    if (field.number === ATTRIBUTE.strings) labels.push(textOf(file, field));
    else if (field.number === ATTRIBUTE.ints) for (const value of integersOf(file, field)) labels.push(String(value));
  }
  return labels;
}
