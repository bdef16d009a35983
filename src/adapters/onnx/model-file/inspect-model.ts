import type { ModelInspection } from '../../../serving/ports/engine.ts';
import { type ExternalFile, resolveExternalFiles } from './external-data.ts';
import { type ModelStructure, readModelStructure } from './model-structure.ts';
import { PositionalFile } from './positional-file.ts';
import { signatureOf, type ZippedOutput, zippedOutputs } from './signature.ts';

/** An inspection with what preparing the model needs besides. */
export interface Inspected {
  readonly inspection: ModelInspection;
  readonly structure: ModelStructure;
  readonly externalFiles: readonly ExternalFile[];
  /** Outputs that only a rewritten model can serve. */
  readonly zipped: readonly ZippedOutput[];
}

/**
 * What an .onnx file says of itself, as it will be served: where it ends in a ZipMap, the signature has the tensor
 * and `rewrites` says so. Elements of tensors are not read.
 * Parameters are the elements of everything that is stored as a tensor: initializers and constants, those of
 * subgraphs and functions included.
 * @throws AppError `model_unloadable` with the reason
 */
export function inspectModel(path: string): ModelInspection {
  using file = new PositionalFile(path);
  return inspectFile(path, file).inspection;
}

/** `inspectModel` for a file that is open already. */
export function inspectFile(path: string, file: PositionalFile): Inspected {
  const structure = readModelStructure(file);
  const { graph, weights } = structure;
  const signature = signatureOf(graph);
  const zipped = zippedOutputs(graph);
  const externalFiles = resolveExternalFiles(path, weights.external);
  const inspection: ModelInspection = {
    signature,
    producer: structure.producer,
    irVersion: structure.irVersion,
    opsets: structure.opsets,
    parameterCount: weights.parameterCount,
    weightBytesByDatatype: Object.fromEntries(weights.bytesByDatatype),
    externalFiles: externalFiles.map(({ location, bytes }) => ({ location, bytes })),
    fileBytes: file.size,
    rewrites: zipped.map(describe),
    labels: Object.fromEntries(zipped.map(({ output, zipMap }) => [output.name, zipMap.labels])),
  };
  return { inspection, structure, externalFiles, zipped };
}

const MAX_LABELS_SHOWN = 10;

function describe({ output, zipMap }: ZippedOutput): string {
  const shown = zipMap.labels.slice(0, MAX_LABELS_SHOWN).join(', ');
  const more = zipMap.labels.length > MAX_LABELS_SHOWN ? ` and ${zipMap.labels.length - MAX_LABELS_SHOWN} more` : '';
  return `Output "${output.name}" is served as the tensor that ZipMap turned into maps; its columns are the classes ${shown}${more}.`;
}
