import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** A download that is not complete yet, and beside it what the server said of the file it is a part of. */
export interface PartFile {
  readonly path: string;
  /** Bytes that are here. */
  readonly bytes: number;
  /** An entity tag or a date for `If-Range`: whether the rest still belongs to these bytes. */
  readonly validator: string | undefined;
}

const sidecarSchema = z.object({ validator: z.string().optional() });

const sidecarOf = (path: string): string => `${path}.json`;

export async function readPart(path: string): Promise<PartFile> {
  const bytes = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  return { path, bytes, validator: await readValidator(sidecarOf(path)) };
}

/** A sidecar that is absent or damaged only costs a download from the start. */
async function readValidator(path: string): Promise<string | undefined> {
  try {
    return sidecarSchema.parse(JSON.parse(await readFile(path, 'utf8'))).validator;
  } catch {
    return undefined;
  }
}

/** Begins anew. The old bytes go before the new validator is written, so the two never describe different files. */
export async function beginPart(path: string, validator: string | undefined): Promise<void> {
  await removePart(path);
  await writeFile(sidecarOf(path), JSON.stringify({ validator }));
}

export async function removePart(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(sidecarOf(path), { force: true });
}
