import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXAMPLES } from '../child-server.ts';
import { type Pace, quickStrategy } from '../quick-strategy.ts';
import { widthTableModel } from '../width-table.ts';

/** A copy of the example models, in which updates of the irises take seconds instead of minutes. */
export async function copyExamples(directory: string, pace: Pace): Promise<void> {
  await cp(EXAMPLES, directory, { recursive: true });
  const manifest = join(directory, 'iris', 'model.json');
  const written: unknown = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...Object(written), strategy: quickStrategy(pace) }));
}

/** Version 3 of the irises, as somebody would copy it there. It has no probes that could find out what is wrong with it. */
export async function addWidthTable(directory: string): Promise<string> {
  const version = join(directory, 'iris', '3');
  await mkdir(version);
  await writeFile(join(version, 'model.onnx'), widthTableModel());
  return version;
}
