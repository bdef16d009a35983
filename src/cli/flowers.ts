import { readFile } from 'node:fs/promises';

const DATA = new URL('../../examples/data/iris.csv', import.meta.url);

/** Requests that ask for one flower each: the 150 that the data set has, in its order. */
export async function flowerRequests(): Promise<readonly string[]> {
  const [, ...lines] = (await readFile(DATA, 'utf8')).trim().split('\n');
  return lines.map((line) => flowerRequest(line.split(',').slice(0, 4).map(Number)));
}

/** @param measurements length and width of the sepal, then of the petal, in cm */
export function flowerRequest(measurements: readonly number[]): string {
  return JSON.stringify({
    inputs: [{ name: 'measurements', datatype: 'FP32', shape: [1, measurements.length], data: measurements }],
  });
}
