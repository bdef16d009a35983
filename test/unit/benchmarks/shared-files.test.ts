import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readSharedFiles } from '../../../benchmarks/measure/shared-files.ts';

it('counts each file in shared memory that the processes have open once, and no other file', async () => {
  const root = mkdtempSync(join(tmpdir(), 'echoserve-shared-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const [proc, directory] = [join(root, 'proc'), join(root, 'shm')];
  const write = (path: string, bytes: number): number => {
    writeFileSync(path, Buffer.alloc(bytes, 1));
    return statSync(path).blocks * 512;
  };
  mkdirSync(directory);
  const arena = write(join(directory, 'arena'), 40_000);
  const answers = write(join(directory, 'answers'), 90_000);
  write(join(directory, 'of-others'), 5000);
  write(join(root, 'elsewhere'), 5000);
  const open = (pid: number, descriptor: number, file: string): void => {
    mkdirSync(join(proc, String(pid), 'fd'), { recursive: true });
    symlinkSync(file, join(proc, String(pid), 'fd', String(descriptor)));
  };
  open(1, 3, join(directory, 'arena'));
  open(2, 4, join(directory, 'arena'));
  open(2, 5, join(directory, 'answers'));
  open(2, 6, join(root, 'elsewhere'));
  open(3, 3, join(directory, 'of-others'));
  expect(await readSharedFiles([1, 2, 99], { proc, directory })).toBe(arena + answers);
});
