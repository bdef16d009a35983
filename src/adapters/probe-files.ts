import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeFile, ProbeFiles } from '../serving/ports/probe-files.ts';

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
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readProbe(directory: string, name: string, maxBytes: number): Promise<ProbeFile> {
  const path = join(directory, name);
  const { size } = await stat(path);
  return { name, text: size > maxBytes ? undefined : await readFile(path, 'utf8') };
}
