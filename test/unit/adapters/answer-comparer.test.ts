import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openAnswerComparer } from '../../../src/adapters/comparison/answer-comparer.ts';

const module = resolve(import.meta.dirname, '../../../src/adapters/comparison/answer-comparer.ts');

const answer = (...data: number[]) => ({
  body: Buffer.from(JSON.stringify({ outputs: [{ name: 'y', datatype: 'FP32', shape: [1, data.length], data }] })),
  headerLength: undefined,
});

test('answers are compared, several at a time, and stay whole', async () => {
  await using comparer = openAnswerComparer();
  const serving = answer(1, 2);
  const found = await Promise.all([2, 3, 4].map((value) => comparer.compare(serving, answer(1, value))));
  expect(found.map(({ maxAbsoluteDifference }) => maxAbsoluteDifference)).toEqual([0, 1, 2]);
  expect(found[0]).toEqual({ mismatch: undefined, sameTop1: true, maxAbsoluteDifference: 0, cosine: 1 });
  expect(JSON.parse(serving.body.toString()).outputs[0].data).toEqual([1, 2]);
});

test('an answer that can not be read fails its own comparison alone', async () => {
  await using comparer = openAnswerComparer();
  const broken = { body: Buffer.from('{"error":"no"}'), headerLength: undefined };
  const [refused, compared] = await Promise.allSettled([
    comparer.compare(answer(1), broken),
    comparer.compare(answer(1), answer(1)),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { message: 'the answer has no outputs' } });
  expect(compared.status).toBe('fulfilled');
});

test('what is under way when it is closed is rejected, and so is what comes later', async () => {
  const comparer = openAnswerComparer();
  const pending = expect(comparer.compare(answer(1), answer(1))).rejects.toThrow(/closed/);
  await comparer[Symbol.asyncDispose]();
  await pending;
  await expect(comparer.compare(answer(1), answer(1))).rejects.toThrow(/closed/);
  await comparer[Symbol.asyncDispose]();
});

test('the thread keeps no process alive', async () => {
  const script = `
    const { openAnswerComparer } = await import(${JSON.stringify(module)});
    const comparer = openAnswerComparer();
    const answer = { body: Buffer.from('{"outputs":[]}'), headerLength: undefined };
    const timer = setInterval(() => {}, 1000);
    console.log((await comparer.compare(answer, answer)).mismatch ?? 'alike');
    clearInterval(timer);
  `;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stdout.trim()).toBe('alike');
});
