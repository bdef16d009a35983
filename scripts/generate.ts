import { readFile, writeFile } from 'node:fs/promises';
import { configTableMarkdown } from '../src/cli/help.ts';
import { apiTableMarkdown } from './generate/api-table.ts';
import { openApiDocument } from './generate/open-api-document.ts';
import { replaceGenerated } from './generate/replace-generated.ts';
import { rolloutEvidenceMarkdown } from './generate/rollout-evidence.ts';
import { rolloutMachineMarkdown } from './generate/rollout-machine.ts';

/** Writes the files that follow from the code. `--check` writes nothing and fails when one of them differs. */

const root = new URL('../', import.meta.url);

interface GeneratedFile {
  readonly path: string;
  readonly text: string;
  readonly present: string | undefined;
}

const document = await openApiDocument(await readVersion());
const generators = [generatedOpenApi, generatedReadme, generatedMachine, generatedEvidence];
const files = (await Promise.all(generators.map((generate) => generate()))).filter((file) => file !== undefined);
const stale = files.filter((file) => file.text !== file.present);

if (process.argv.includes('--check')) {
  for (const { path } of stale) console.error(`${path} is not what the code says: run "npm run openapi".`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const { path, text } of stale) {
    await writeFile(new URL(path, root), text);
    console.log(`wrote ${path}`);
  }
}

async function generatedOpenApi(): Promise<GeneratedFile> {
  const path = 'openapi/openapi.json';
  return { path, text: `${JSON.stringify(document, null, 2)}\n`, present: await read(path) };
}

async function generatedEvidence(): Promise<GeneratedFile> {
  const path = 'docs/rollout-evidence.md';
  return { path, text: rolloutEvidenceMarkdown(), present: await read(path) };
}

/** Undefined while there is no README. */
async function generatedReadme(): Promise<GeneratedFile | undefined> {
  const path = 'README.md';
  const present = await read(path);
  if (present === undefined) return undefined;
  return {
    path,
    present,
    text: replaceGenerated(present, { api: apiTableMarkdown(document), config: configTableMarkdown() }),
  };
}

async function generatedMachine(): Promise<GeneratedFile> {
  const path = 'docs/rollout-machine.md';
  return { path, text: rolloutMachineMarkdown(), present: await read(path) };
}

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json has no version');
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(new URL(path, root), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
