import { fileURLToPath } from 'node:url';
import { trainDigits } from './digits.ts';
import { trainIris } from './iris.ts';
import { trainTickets } from './tickets.ts';

// Before onnxruntime is loaded: it would report to its maker.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const { publish } = await import('./publish.ts');

/** Trains every example anew: `node examples/train/main.ts [REPOSITORY]`. */
const repository = process.argv[2] ?? fileURLToPath(new URL('../models', import.meta.url));

for (const trainModel of [trainIris, trainDigits, trainTickets]) {
  const model = trainModel();
  await publish(model, repository);
  for (const [index, { summary, accuracy, heldOutCount, model: bytes }] of model.versions.entries()) {
    const right = `${(accuracy * 100).toFixed(1)} % of ${heldOutCount} held out`;
    console.log(`${model.id} ${index + 1}: ${summary}; ${right}; ${(bytes.length / 1024).toFixed(1)} KB`);
  }
}
