import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** The entry of a short-lived thread that hashes one file: gigabytes of it would hold up the HTTP thread. */

const hash = createHash('sha256');
const buffer = Buffer.allocUnsafe(1024 * 1024);
const file = openSync(String(workerData), 'r');
for (let bytes = readSync(file, buffer); bytes > 0; bytes = readSync(file, buffer))
  hash.update(buffer.subarray(0, bytes));
closeSync(file);
parentPort?.postMessage(hash.digest('hex'));
