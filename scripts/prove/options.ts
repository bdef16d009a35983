import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run prove -- [options]

Updates real models under constant load, to good versions and to bad ones of every kind, and writes what became of them.
Needs the built server: npm run build.

  --good N        updates to another good version (default: 100)
  --bad N         updates to bad versions, of all kinds in turn (default: 100)
  --identical N   updates to the same file (default: 300)
  --models N      models that are updated side by side, one of them heavy (default: 6)
  --rate N        requests a second to each but the heavy one (default: 100)
  --out FILE      where the report goes (default: docs/proof.md)
  --help          this text
`;

export interface ProveOptions {
  readonly good: number;
  readonly bad: number;
  readonly identical: number;
  readonly models: number;
  readonly ratePerSecond: number;
  readonly out: string;
  readonly wantsHelp: boolean;
}

/** @throws Error that says what is wrong with the arguments */
export function parseOptions(args: readonly string[], out: string): ProveOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      good: { type: 'string', default: '100' },
      bad: { type: 'string', default: '100' },
      identical: { type: 'string', default: '300' },
      models: { type: 'string', default: '6' },
      rate: { type: 'string', default: '100' },
      out: { type: 'string', default: out },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    good: whole('good', values.good, 0),
    bad: whole('bad', values.bad, 0),
    identical: whole('identical', values.identical, 0),
    // Slow versions need a heavy model, and the others one that is not.
    models: whole('models', values.models, 2),
    ratePerSecond: whole('rate', values.rate, 1),
    out: values.out,
    wantsHelp: values.help,
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number of at least ${least}.`);
}
