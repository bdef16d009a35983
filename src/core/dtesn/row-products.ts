/** A matrix within an array: element (i, j) is at i·stride + j. */
export interface Matrix {
  readonly data: Float64Array;
  readonly stride: number;
}

/** Products of rows of `source`, over their elements from `from` to before `to`, times `sign`. */
export interface RowProducts {
  readonly source: Matrix;
  readonly from: number;
  readonly to: number;
  readonly sign: 1 | -1;
}

const TILE = 4;

/**
 * Adds the products of rows i and j of `source` to the elements (i, j) of `target`, for all i from `firstRow` to before
 * `endRow`, and all j from `firstColumn` to before `endColumn` that are at most i. Eight sums at a time: what
 * is read is used two or four times.
 */
export function addRowProducts(
  target: Matrix,
  products: RowProducts,
  rows: readonly [firstRow: number, endRow: number],
  columns: readonly [firstColumn: number, endColumn: number],
): void {
  const [firstRow, endRow] = rows;
  const [firstColumn, endColumn] = columns;
  if (products.to <= products.from) return;
  for (let i = firstRow; i < endRow; i += TILE) {
    const lastRow = Math.min(i + TILE, endRow) - 1;
    for (let j = firstColumn; j < endColumn && j <= lastRow; j += TILE) {
      const isWhole = i + TILE <= endRow && j + TILE <= endColumn && j + TILE <= i + 1;
      if (isWhole) addTile(target, products, i, j);
      else addPart(target, products, i, lastRow, j, Math.min(j + TILE, endColumn) - 1);
    }
  }
}

/** Σ left[i + k]·right[j + k] for k below `length`. */
export function dot(left: Float64Array, i: number, right: Float64Array, j: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k += 1) sum += (left[i + k] ?? 0) * (right[j + k] ?? 0);
  return sum;
}

function addPart(
  target: Matrix,
  { source, from, to, sign }: RowProducts,
  firstRow: number,
  lastRow: number,
  firstColumn: number,
  lastColumn: number,
): void {
  for (let i = firstRow; i <= lastRow; i += 1) {
    for (let j = firstColumn; j <= Math.min(lastColumn, i); j += 1) {
      const sum = dot(source.data, i * source.stride + from, source.data, j * source.stride + from, to - from);
      add(target, i, j, sign * sum);
    }
  }
}

function addTile(target: Matrix, products: RowProducts, i: number, j: number): void {
  addHalfTile(target, products, i, j);
  addHalfTile(target, products, i + 2, j);
}

/** Matrix i and i + 1 with rows j to j + 3: as many sums as fit into registers. */
function addHalfTile(target: Matrix, { source, from, to, sign }: RowProducts, i: number, j: number): void {
  const { data, stride } = source;
  const [upper, lower] = [i * stride, (i + 1) * stride];
  const [right0, right1, right2, right3] = [j * stride, (j + 1) * stride, (j + 2) * stride, (j + 3) * stride];
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = from; k < to; k += 1) {
    const a = data[upper + k] ?? 0;
    const b = data[lower + k] ?? 0;
    const c = data[right0 + k] ?? 0;
    const d = data[right1 + k] ?? 0;
    const e = data[right2 + k] ?? 0;
    const f = data[right3 + k] ?? 0;
    s00 += a * c;
    s01 += a * d;
    s02 += a * e;
    s03 += a * f;
    s10 += b * c;
    s11 += b * d;
    s12 += b * e;
    s13 += b * f;
  }
  [s00, s01, s02, s03].forEach((sum, column) => {
    add(target, i, j + column, sign * sum);
  });
  [s10, s11, s12, s13].forEach((sum, column) => {
    add(target, i + 1, j + column, sign * sum);
  });
}

function add({ data, stride }: Matrix, i: number, j: number, value: number): void {
  data[i * stride + j] = (data[i * stride + j] ?? 0) + value;
}
