/** `npm run bench`: measures EchoServe beside its floors, and writes the report. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Children } from './contestants/children.ts';
import type { BenchContext, Section } from './context.ts';
import { writeRepository } from './models/write-repository.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { circumstances } from './report/circumstances.ts';
import { type ReportedSection, renderReport } from './report/markdown.ts';
import { FRONT } from './sections/front.ts';
import { MEMORY } from './sections/memory.ts';
import { NEIGHBOURS } from './sections/neighbours.ts';
import { OPEN_LOOP } from './sections/open-loop.ts';
import { THROUGHPUT } from './sections/throughput/throughput.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  throughput: THROUGHPUT,
  openloop: OPEN_LOOP,
  front: FRONT,
  neighbours: NEIGHBOURS,
  memory: MEMORY,
};

const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));

async function main(): Promise<number> {
  const names = Object.keys(SECTIONS);
  let options: BenchOptions;
  try {
    options = parseOptions(process.argv.slice(2), names, { out: RESULTS, threads: availableParallelism() });
  } catch (error) {
    console.error(reasonOf(error));
    return 2;
  }
  if (options.wantsHelp) {
    console.log(HELP + names.join(', '));
    return 0;
  }
  const sections = await measure(options);
  const report = renderReport({ effort: options.effort, circumstances: circumstances(options.threads), sections });
  if (options.out === undefined) console.log(report);
  else writeFileSync(options.out, report);
  return sections.some(({ outcome }) => 'failure' in outcome) ? 1 : 0;
}

async function measure({ effort, only, threads }: BenchOptions): Promise<readonly ReportedSection[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'echoserve-bench-'));
  // Also at an exit by a signal.
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  await using children = new Children();
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void children.endAll().then(() => process.exit(code)));
  }
  const start = performance.now();
  const progress = (text: string): void => {
    const seconds = Math.round((performance.now() - start) / 1000);
    process.stderr.write(`${String(seconds).padStart(5)} s  ${text}\n`);
  };
  const repository = join(scratch, 'models');
  progress('writing the models');
  writeRepository(repository, threads);
  const context: BenchContext = { effort, threads, repository, scratch, children, progress };
  const reported: ReportedSection[] = [];
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    progress(`── ${name}`);
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
    context.progress(`failed: ${error instanceof Error ? error.stack : String(error)}`);
    return { title, method, outcome: { failure: reasonOf(error) } };
  } finally {
    await context.children.endAll();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await main();
