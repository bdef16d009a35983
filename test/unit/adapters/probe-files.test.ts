import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { directoryProbeFiles } from '../../../src/adapters/probe-files.ts';

test('the .json files of a directory are read by name, what is too large is only named', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'probes-'));
  for (const [name, text] of [
    ['b.json', '{"b":1}'],
    ['a.json', '{"a":1}'],
    ['notes.txt', 'no probe'],
    ['large.json', ' '.repeat(101)],
    ['z.json', '{}'],
  ] as const) {
    await writeFile(join(directory.path, name), text);
  }
  expect(await directoryProbeFiles.read(directory.path, 3, 100)).toEqual([
    { name: 'a.json', text: '{"a":1}' },
    { name: 'b.json', text: '{"b":1}' },
    { name: 'large.json', text: undefined },
  ]);
});

test('a directory that is not there has no probes', async () => {
  expect(await directoryProbeFiles.read(join(tmpdir(), 'no', 'such', 'place'), 3, 100)).toEqual([]);
});
