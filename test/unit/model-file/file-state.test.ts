import { createHash } from 'node:crypto';
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileDigest } from '../../../src/adapters/onnx/model-file/digest.ts';
import { requireUnchanged } from '../../../src/adapters/onnx/model-file/file-state.ts';
import { PositionalFile } from '../../../src/adapters/onnx/model-file/positional-file.ts';
import { refusal } from '../../helpers/onnx/refusal.ts';
import { modelFile } from '../../helpers/onnx/temporary-directory.ts';

/** Another file, renamed into the place of this one. */
function replace(path: string, content: string): void {
  const other = join(path, '..', 'other');
  writeFileSync(other, content);
  renameSync(other, path);
}

test('a file that stays as it was may be read by its path again', () => {
  const path = modelFile('content');
  using file = new PositionalFile(path);
  expect(() => requireUnchanged({ path, state: file.state })).not.toThrow();
});

test.each([
  ['replaced by one of the same length', (path: string) => replace(path, 'CONTENT')],
  ['longer', (path: string) => writeFileSync(path, 'content and more')],
  ['written to', (path: string) => utimesSync(path, 1, 1)],
  ['gone', (path: string) => rmSync(path)],
])('a file that is %s meanwhile is refused', (_, change) => {
  const path = modelFile('content');
  using file = new PositionalFile(path);
  change(path);
  expect(refusal(() => requireUnchanged({ path, state: file.state }))).toMatch(/changed while it was read/);
});

test('the digest is that of the file that was opened, whatever has its name by now', () => {
  const path = modelFile('content');
  using file = new PositionalFile(path);
  replace(path, 'another');
  expect(fileDigest(file)).toBe(createHash('sha256').update('content').digest('hex'));
});
