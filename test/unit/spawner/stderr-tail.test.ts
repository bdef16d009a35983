import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { StderrTail } from '../../../src/adapters/onnx/spawner/stderr-tail.ts';

function tailOf(...chunks: string[]): string {
  const stream = new PassThrough();
  const tail = new StderrTail(stream);
  for (const chunk of chunks) stream.emit('data', chunk);
  return tail.text;
}

test('the last lines are kept, and no more than is worth reading', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`);
  const kept = tailOf(...lines).split('\n');
  expect(kept).toHaveLength(20);
  expect(kept.at(-1)).toBe('line 29');
  expect(tailOf('x'.repeat(100_000))).toHaveLength(4000);
});

test('a line may come in pieces', () => {
  expect(tailOf('out of', ' luck\n')).toBe('out of luck');
});

test('colours are left out', () => {
  expect(tailOf('\u001b[1;31mit failed\u001b[m\n')).toBe('it failed');
});

test('a process without stderr has said nothing', () => {
  expect(new StderrTail(null).text).toBe('');
});
