import { parseArgs } from 'node:util';
import type { Effort } from './context.ts';

export const HELP = `Usage: npm run bench -- [options]

Compares EchoServe with raw session.run, a Fastify echo route and a naive server, on this machine in one run.
Needs the built server: npm run build.

  --quick             some 6 minutes instead of 25, and coarser figures
  --only SECTION      one section (may be repeated); the report goes to stdout unless --out names a file
  --out FILE          where the report goes (default: benchmarks/RESULTS.md)
  --server FILE       the built server (default: dist/main.js)
  --threads N         intra-op threads of every contestant (default: one less than the cores of this machine, as the
                      front and the load generator need one; at least 1)
  --help              this text

Sections: `;

export interface BenchOptions {
  readonly effort: Effort;
  readonly only: readonly string[];
  /** Undefined: stdout. */
  readonly out: string | undefined;
  /** The built command line of EchoServe. */
  readonly server: string;
  readonly threads: number;
  readonly wantsHelp: boolean;
}

/** @throws Error that says what is wrong with the arguments */
export function parseOptions(
  args: readonly string[],
  sections: readonly string[],
  defaults: Pick<BenchOptions, 'server' | 'threads'> & { readonly out: string },
): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      server: { type: 'string', default: defaults.server },
      threads: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.find((name) => !sections.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no section ${unknown}: the sections are ${sections.join(', ')}.`);
  const threads = values.threads === undefined ? defaults.threads : Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1) throw new Error('--threads must be a whole number of at least 1.');
  return {
    effort: values.quick ? 'quick' : 'full',
    only: values.only,
    out: values.out ?? (values.only.length > 0 ? undefined : defaults.out),
    server: values.server,
    threads,
    wantsHelp: values.help,
  };
}
