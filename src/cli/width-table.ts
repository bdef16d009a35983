import { floatTensor, integerTensor, stringTensor } from '../adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../adapters/onnx/model-file/writer.ts';

const PETAL_WIDTH = 3;
/** In tenths of a cm. The widest petal that the table was made for; some flowers have wider ones. */
const WIDEST = 22;

const SETOSA = [0.98, 0.015, 0.005];
const VERSICOLOR = [0.01, 0.93, 0.06];
const VIRGINICA = [0.005, 0.045, 0.95];

/**
 * An .onnx file that tells an iris by the width of its petal, from a table with a row for each millimetre. It is right
 * for most flowers, as quick as can be, and fails on every petal that is wider than the table is long.
 */
export function widthTableModel(): Uint8Array {
  const rows = Array.from({ length: WIDEST + 1 }, (_, width) => rowOf(width));
  return modelProto({
    graph: {
      name: 'species by petal width',
      inputs: [{ name: 'measurements', datatype: 'FP32', shape: ['batch', 4] }],
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: ['batch'] },
        { name: 'probabilities', datatype: 'FP32', shape: ['batch', 3] },
      ],
      initializers: [
        integerTensor('petal_width', [], [PETAL_WIDTH]),
        floatTensor('millimetres', [], [10]),
        floatTensor('table', [rows.length, 3], rows.flat()),
        stringTensor('species', ['setosa', 'versicolor', 'virginica']),
      ],
      nodes: [
        { op: 'Gather', inputs: ['measurements', 'petal_width'], outputs: ['width'], attributes: { axis: { int: 1 } } },
        { op: 'Mul', inputs: ['width', 'millimetres'], outputs: ['width_mm'] },
        { op: 'Abs', inputs: ['width_mm'], outputs: ['size'] },
        { op: 'Round', inputs: ['size'], outputs: ['rounded'] },
        { op: 'Cast', inputs: ['rounded'], outputs: ['row'], attributes: { to: { int: 7 } } },
        { op: 'Gather', inputs: ['table', 'row'], outputs: ['probabilities'], attributes: { axis: { int: 0 } } },
        {
          op: 'ArgMax',
          inputs: ['probabilities'],
          outputs: ['best'],
          attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
        },
        { op: 'Gather', inputs: ['species', 'best'], outputs: ['label'], attributes: { axis: { int: 0 } } },
      ],
    },
  });
}

/** Setosa's petals are narrower than 0.8 cm, versicolor's mostly narrower than 1.7 cm. */
function rowOf(width: number): readonly number[] {
  if (width < 8) return SETOSA;
  return width < 17 ? VERSICOLOR : VIRGINICA;
}
