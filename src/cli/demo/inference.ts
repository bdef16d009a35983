import { z } from 'zod';
import { Unexpected } from '../client.ts';

/** An answer of the Open Inference Protocol, as far as the example models' outputs go. */
export const InferAnswer = z.object({
  model_version: z.string(),
  outputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.int()),
      parameters: z.record(z.string(), z.unknown()).optional(),
      data: z.array(z.union([z.string(), z.number()])).optional(),
    }),
  ),
});

type Output = z.output<typeof InferAnswer>['outputs'][number];

/** @throws Unexpected when the answer has no such output */
export function output(answer: z.output<typeof InferAnswer>, name: string): Output {
  const found = answer.outputs.find((each) => each.name === name);
  if (found === undefined) throw new Unexpected(`the answer has no output "${name}"`);
  return found;
}

/** The rows of a matrix that came as a flat list. */
export function rows(numbers: readonly number[], width: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(numbers.length / width) }, (_, row) =>
    numbers.slice(row * width, (row + 1) * width),
  );
}

/** Milliseconds of the parts that the server measured of a request (`server-timing: decode;dur=0.1, compute;…`). */
export function serverTiming(headers: Headers, part: string): number {
  const text = new RegExp(`\\b${part};dur=([\\d.]+)`).exec(headers.get('server-timing') ?? '')?.[1];
  if (text === undefined) throw new Unexpected(`the answer does not tell its ${part} time`);
  return Number(text);
}
