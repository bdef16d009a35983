import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeFile, ProbeFiles } from '../serving/ports/probe-files.ts';
import { hasCode, isWithin, reasonOf } from './source/confine.ts';

/** Golden probes in a directory beside the model. */
export const directoryProbeFiles: ProbeFiles = {
  read: async (directory, maxFiles, maxBytes) => {
    const names = (await list(directory)).filter((name) => name.endsWith('.json')).toSorted();
    return Promise.all(names.slice(0, maxFiles).map((name) => readProbe(directory, name, maxBytes)));
  },
};

async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readProbe(directory: string, name: string, maxBytes: number): Promise<ProbeFile> {
  try {
    const [root, path] = await Promise.all([realpath(directory), realpath(join(directory, name))]);
    if (!isWithin(root, path)) return unreadable(name, 'it is a symbolic link that leads outside of its directory');
    return await readRegular(name, path, maxBytes);
  } catch (error) {
    return unreadable(name, reasonOf(error));
  }
}

/** To open a named pipe would wait for its writer, and what was no link a moment ago can be one now. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

async function readRegular(name: string, path: string, maxBytes: number): Promise<ProbeFile> {
  await using file = await open(path, OPEN_FLAGS);
  const found = await file.stat();
  if (!found.isFile()) return unreadable(name, 'it is no regular file');
  if (found.size > maxBytes) return { kind: 'too_large', name };
  return { kind: 'text', name, text: await file.readFile('utf8') };
}

function unreadable(name: string, reason: string): ProbeFile {
  return { kind: 'unreadable', name, reason };
}
