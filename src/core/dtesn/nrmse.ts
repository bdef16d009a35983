/**
 * The root of the mean squared error over the targets' standard deviation, of rows of outputs: over several outputs, the
 * root of the mean of squares. An output that does not vary counts in its own unit.
 *
 * @param predictions [rows, outputs]
 * @param targets of the same shape, at least one row
 */
export function nrmse(predictions: ArrayLike<number>, targets: ArrayLike<number>, outputs: number): number {
  const rows = targets.length / outputs;
  let squares = 0;
  for (let output = 0; output < outputs; output += 1) {
    let sum = 0;
    for (let row = 0; row < rows; row += 1) sum += targets[row * outputs + output] ?? 0;
    const mean = sum / rows;
    let error = 0;
    let variance = 0;
    for (let row = 0; row < rows; row += 1) {
      const target = targets[row * outputs + output] ?? 0;
      error += ((predictions[row * outputs + output] ?? 0) - target) ** 2;
      variance += (target - mean) ** 2;
    }
    squares += variance > 0 ? error / variance : error / rows;
  }
  return Math.sqrt(squares / outputs);
}
