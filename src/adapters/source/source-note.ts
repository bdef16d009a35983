import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Beside a model that a request brought. Hidden, so that it is no part of the model and never copied with it. */
const NOTE_FILE = '.source.json';

const noteSchema = z.object({ source: z.string() });

/** Notes, durably, what the request named. It moves into place with the model: there is no moment with one of them. */
export async function writeSourceNote(folder: string, source: string): Promise<void> {
  await writeFile(join(folder, NOTE_FILE), JSON.stringify({ source }), { mode: 0o600, flush: true });
}

/** Undefined where there is none. One that is damaged only makes the model one of unknown source. */
export async function readSourceNote(folder: string): Promise<string | undefined> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(join(folder, NOTE_FILE), 'utf8'))).source;
  } catch {
    return undefined;
  }
}
