import type { Answer, InferAnswer, Server } from './server.ts';

/** One INT64 input `x` of one dimension. */
export const integers = (...values: number[]) => [
  { name: 'x', shape: [values.length], datatype: 'INT64', data: values },
];

/** One FP32 input `x` of [1, n]. */
export const floats = (...values: number[]) => [
  { name: 'x', shape: [1, values.length], datatype: 'FP32', data: values },
];

/** The first output's elements, or undefined for an error. */
export function firstOutput(answer: Answer<InferAnswer>): unknown[] | undefined {
  return answer.body.outputs?.[0]?.data;
}

/** What is wrong with a model's answer to `value` where it should be the value itself; undefined when it is right. */
export async function echoFault(
  server: Server,
  modelId: string,
  value: number,
  headers: Record<string, string> = {},
): Promise<string | undefined> {
  try {
    const answer = await server.infer(modelId, integers(value), headers);
    const data = firstOutput(answer);
    if (answer.status === 200 && data?.length === 1 && Number(data[0]) === value) return undefined;
    return `${value}: ${answer.status} ${JSON.stringify(answer.body)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return `${value}: ${error}${cause}`;
  }
}
