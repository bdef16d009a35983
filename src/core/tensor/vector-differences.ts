/** The elements of one output in two answers: as many in both, all of them numbers, in rows of `rowSize`. */
export interface NumberPair {
  readonly serving: Float32Array | Float64Array;
  readonly candidate: Float32Array | Float64Array;
  readonly rowSize: number;
}

/**
 * Whether the largest finite element is the same one in each row. Where several are equally large, one that both have
 * among their largest suffices: [1, 1] and [1, 1.01] agree in the second.
 */
export function hasSameTop({ serving, candidate, rowSize }: NumberPair): boolean {
  for (let from = 0; from < serving.length; from += rowSize) {
    if (!isSameTop(serving.subarray(from, from + rowSize), candidate.subarray(from, from + rowSize))) return false;
  }
  return true;
}

function isSameTop(serving: NumberPair['serving'], candidate: NumberPair['candidate']): boolean {
  const [top, otherTop] = [largest(serving), largest(candidate)];
  // A row without any finite element has no largest.
  if (top === undefined || otherTop === undefined) return top === otherTop;
  for (let i = 0; i < serving.length; i += 1) if (serving[i] === top && candidate[i] === otherTop) return true;
  return false;
}

function largest(row: Float32Array | Float64Array): number | undefined {
  let top: number | undefined;
  for (const value of row) if (Number.isFinite(value) && (top === undefined || value > top)) top = value;
  return top;
}

/** Infinity where an element is finite in only one of the two; 0 between elements that are so in neither. */
export function largestDifference({ serving, candidate }: NumberPair): number {
  let most = 0;
  for (let i = 0; i < serving.length; i += 1) {
    const value = serving[i] ?? 0;
    const other = candidate[i] ?? 0;
    if (Number.isFinite(value) !== Number.isFinite(other)) return Number.POSITIVE_INFINITY;
    if (Number.isFinite(value)) most = Math.max(most, Math.abs(value - other));
  }
  return most;
}

/**
 * The cosine of the angle between the two, each as one vector, in [−1, 1]; null where one of them has no length, being
 * all zeros or not finite. Each is divided by its largest element first, so that no square overflows or vanishes.
 */
export function cosine({ serving, candidate }: NumberPair): number | null {
  const [scale, otherScale] = [greatestMagnitude(serving), greatestMagnitude(candidate)];
  if (!isLength(scale) || !isLength(otherScale)) return null;
  let product = 0;
  let square = 0;
  let otherSquare = 0;
  for (let i = 0; i < serving.length; i += 1) {
    const value = (serving[i] ?? 0) / scale;
    const other = (candidate[i] ?? 0) / otherScale;
    product += value * other;
    square += value * value;
    otherSquare += other * other;
  }
  return Math.min(1, Math.max(-1, product / Math.sqrt(square * otherSquare)));
}

/** NaN where any element is. */
function greatestMagnitude(vector: Float32Array | Float64Array): number {
  let greatest = 0;
  for (const value of vector) greatest = Math.max(greatest, Math.abs(value));
  return greatest;
}

function isLength(value: number): boolean {
  return value > 0 && value < Number.POSITIVE_INFINITY;
}
