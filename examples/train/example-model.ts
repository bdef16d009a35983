import { accuracy } from './classifier.ts';
import type { Example } from './data-set.ts';
import { type Exported, exportClassifier } from './export-network.ts';

/** An input as the Open Inference Protocol writes it in JSON. */
export interface ProbeInput {
  readonly name: string;
  readonly datatype: 'FP32' | 'BYTES';
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

export interface ExampleVersion {
  readonly summary: string;
  readonly accuracy: number;
  readonly heldOutCount: number;
  /** The .onnx file. */
  readonly model: Uint8Array;
}

/** A model with its versions, the first one first; all take the same input. */
export interface ExampleModel {
  readonly id: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly versions: readonly ExampleVersion[];
  readonly probes: readonly { readonly name: string; readonly input: ProbeInput }[];
}

/** A trained network with its share of held-out examples that got their class. */
export function exampleVersion(summary: string, exported: Exported, heldOut: readonly Example[]): ExampleVersion {
  return {
    summary,
    accuracy: accuracy(exported.network, heldOut),
    heldOutCount: heldOut.length,
    model: exportClassifier(exported),
  };
}
