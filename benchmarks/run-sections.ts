import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Children } from './contestants/children.ts';
import type { BenchContext, Section } from './context.ts';
import { MODELS } from './models/catalog.ts';
import { writeRepository } from './models/write-repository.ts';
import type { BenchOptions } from './options.ts';
import type { ReportedSection } from './report/markdown.ts';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Measures `sections` one after the other. No process and no file but the report is left, at a signal neither. */
export async function runSections(
  sections: readonly Section[],
  { effort, server, threads }: BenchOptions,
): Promise<readonly ReportedSection[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'echoserve-bench-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  await using children = new Children();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void children.endAll().then(() => process.exit(EXIT_CODES[signal])));
  }
  const progress = startProgress();
  const repository = join(scratch, 'models');
  progress('writing the models');
  writeRepository(repository, MODELS, threads);
  const context = { effort, threads, repository, serverEntry: resolve(server), scratch, children, progress };
  const reported: ReportedSection[] = [];
  for (const section of sections) {
    progress(`── ${section.title}`);
    reported.push(await runSection(section, context));
  }
  progress('done');
  return reported;
}

/** One section that can not be measured does not cost the others their figures. */
async function runSection({ title, method, run }: Section, context: BenchContext): Promise<ReportedSection> {
  try {
    return { title, method, outcome: await run(context) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.progress(`failed: ${reason}`);
    return { title, method, outcome: { failure: reason } };
  } finally {
    await context.children.endAll();
  }
}

function startProgress(): (text: string) => void {
  const start = performance.now();
  return (text) => {
    const seconds = Math.round((performance.now() - start) / 1000);
    process.stderr.write(`${String(seconds).padStart(5)} s  ${text}\n`);
  };
}
