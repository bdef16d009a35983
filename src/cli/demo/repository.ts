import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXAMPLES } from '../child-server.ts';
import { widthTableModel } from './width-table.ts';

const PERCENTS = [5, 15, 30, 50, 75, 90, 100];

interface Pace {
  readonly dwellMs: number;
  readonly samples: number;
  readonly bakeMs: number;
}

const PACES: Readonly<Record<'usual' | 'short', Pace>> = {
  usual: { dwellMs: 2500, samples: 30, bakeMs: 2000 },
  short: { dwellMs: 300, samples: 8, bakeMs: 300 },
};

/** A copy of the example models, in which updates of the irises take seconds instead of minutes. */
export async function copyExamples(directory: string, pace: keyof typeof PACES): Promise<void> {
  await cp(EXAMPLES, directory, { recursive: true });
  const manifest = join(directory, 'iris', 'model.json');
  const written: unknown = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...Object(written), strategy: strategyOf(PACES[pace]) }));
}

/** Version 3 of the irises, as somebody would copy it there. It has no probes that could find out what is wrong with it. */
export async function addWidthTable(directory: string): Promise<string> {
  const version = join(directory, 'iris', '3');
  await mkdir(version);
  await writeFile(join(version, 'model.onnx'), widthTableModel());
  return version;
}

function strategyOf({ dwellMs, samples, bakeMs }: Pace): object {
  return {
    stages: PERCENTS.map((percent) => ({ percent, min_dwell_ms: dwellMs, min_samples: samples })),
    bake_ms: bakeMs,
    // Few enough that it is up to the clients' requests to find out about version 3.
    first_pairs: 20,
    first_time_pairs: 10,
    // Version 1 was trained briefly: that version 2 is surer, and of another mind now and then, is what it is for.
    drift_limits: { min_top1_agreement: 0.5, min_cosine: null },
  };
}
