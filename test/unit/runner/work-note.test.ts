import { closeSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { closeArenaFile, openArenaFile } from '../../../src/adapters/onnx/runner/arena-file.ts';
import { RESPONSE_ARENA_BYTES, readWorkNote, WorkNote } from '../../../src/adapters/onnx/runner/work-note.ts';

function openFile(): number {
  const file = openArenaFile(tmpdir(), RESPONSE_ARENA_BYTES);
  onTestFinished(() => closeArenaFile(file));
  return file.fd;
}

test('nothing is noted at first', () => {
  expect(readWorkNote(openFile())).toEqual({ ids: [], isRun: false });
});

test('the last note counts, whatever the length of the one before', () => {
  const fd = openFile();
  const note = new WorkNote(fd);
  const many = Array.from({ length: 1000 }, (_, index) => 0xffff_fffe - index);
  note.write({ ids: many, isRun: true });
  expect(readWorkNote(fd)).toEqual({ ids: many, isRun: true });
  note.write({ ids: [7], isRun: false });
  expect(readWorkNote(fd)).toEqual({ ids: [7], isRun: false });
  note.write({ ids: [], isRun: false });
  expect(readWorkNote(fd).ids).toEqual([]);
});

test('a note that is only written in part is none', () => {
  const fd = openFile();
  new WorkNote(fd).write({ ids: [1, 2, 3], isRun: true });
  const edition = Buffer.alloc(4);
  edition.writeUInt32LE(2);
  writeSync(fd, edition, 0, 4, RESPONSE_ARENA_BYTES - 1024 * 1024);
  expect(readWorkNote(fd)).toEqual({ ids: [], isRun: false });
});

test('where there is no room for it, that is told, and nothing is thrown', () => {
  const fd = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(fd));
  expect(new WorkNote(fd).write({ ids: [1], isRun: true })).toBe(false);
});
