import { execFileSync } from 'node:child_process';
import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises';
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
    { kind: 'text', name: 'a.json', text: '{"a":1}' },
    { kind: 'text', name: 'b.json', text: '{"b":1}' },
    { kind: 'too_large', name: 'large.json' },
  ]);
});

test('a directory that is not there has no probes', async () => {
  expect(await directoryProbeFiles.read(join(tmpdir(), 'no', 'such', 'place'), 3, 100)).toEqual([]);
});

test('a symbolic link is followed inside of the directory only', async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), 'probes-'));
  const probes = join(place.path, 'probes');
  // As a mounted Kubernetes ConfigMap lays out its files.
  await mkdir(join(probes, '..2026'), { recursive: true });
  await writeFile(join(probes, '..2026', 'a.json'), '{"a":1}');
  await symlink('..2026', join(probes, '..data'));
  await symlink('..data/a.json', join(probes, 'a.json'));
  await writeFile(join(place.path, 'secret'), 'a secret');
  await symlink('../secret', join(probes, 'b.json'));
  await symlink('nowhere', join(probes, 'c.json'));
  await symlink(probes, join(place.path, 'link'));
  expect(await directoryProbeFiles.read(join(place.path, 'link'), 9, 100)).toEqual([
    { kind: 'text', name: 'a.json', text: '{"a":1}' },
    { kind: 'unreadable', name: 'b.json', reason: 'it is a symbolic link that leads outside of its directory' },
    { kind: 'unreadable', name: 'c.json', reason: 'there is no such file or directory' },
  ]);
});

test('what is no regular file is not read, and a named pipe holds nothing up', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'probes-'));
  await mkdir(join(directory.path, 'a.json'));
  execFileSync('mkfifo', [join(directory.path, 'b.json')]);
  expect(await directoryProbeFiles.read(directory.path, 9, 100)).toEqual([
    { kind: 'unreadable', name: 'a.json', reason: 'it is no regular file' },
    { kind: 'unreadable', name: 'b.json', reason: 'it is no regular file' },
  ]);
});
