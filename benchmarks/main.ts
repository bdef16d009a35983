/** `npm run bench`: measures EchoServe beside its floors, and writes the report. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Section } from './context.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { busyShare, circumstances } from './report/circumstances.ts';
import { renderReport } from './report/markdown.ts';
import { runSections } from './run-sections.ts';
import { FRONT } from './sections/front.ts';
import { MEMORY } from './sections/memory/memory.ts';
import { NEIGHBOURS } from './sections/neighbours/neighbours.ts';
import { OPEN_LOOP } from './sections/open-loop.ts';
import { OVERLOAD } from './sections/overload/overload.ts';
import { RESIDENCY } from './sections/residency/residency.ts';
import { SCALE } from './sections/scale/scale.ts';
import { THROUGHPUT } from './sections/throughput/throughput.ts';

const SECTIONS: ReadonlyMap<string, Section> = new Map([
  ['throughput', THROUGHPUT],
  ['openloop', OPEN_LOOP],
  ['front', FRONT],
  ['neighbours', NEIGHBOURS],
  ['memory', MEMORY],
  ['residency', RESIDENCY],
  ['overload', OVERLOAD],
  ['scale', SCALE],
]);

const DEFAULTS = {
  out: fileURLToPath(new URL('./RESULTS.md', import.meta.url)),
  server: fileURLToPath(new URL('../dist/main.js', import.meta.url)),
  threads: Math.max(1, availableParallelism() - 1),
};

async function main(): Promise<number> {
  const names = [...SECTIONS.keys()];
  let options: BenchOptions;
  try {
    options = parseOptions(process.argv.slice(2), names, DEFAULTS);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (options.wantsHelp) {
    console.log(HELP + names.join(', '));
    return 0;
  }
  const { effort, only, out, threads } = options;
  const busyBefore = await busyShare();
  const chosen = [...SECTIONS]
    .filter(([name]) => only.length === 0 || only.includes(name))
    .map(([, section]) => section);
  const sections = await runSections(chosen, options);
  const report = renderReport({
    effort,
    circumstances: circumstances(threads),
    busyShare: busyBefore,
    sections,
  });
  if (out === undefined) process.stdout.write(report);
  else writeFileSync(out, report);
  return sections.some(({ outcome }) => 'failure' in outcome) ? 1 : 0;
}

process.exitCode = await main();
