import { Worker } from 'node:worker_threads';

/** The SHA-256 of a file in hex, computed in a thread of its own. Rejects with the signal's reason when aborted. */
export async function sha256File(path: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const entry = new URL(`./hash-worker${extension}`, import.meta.url);
  const worker = new Worker(entry, { workerData: path, name: 'hash', env: {}, execArgv: [] });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(signal.aborted ? signal.reason : new Error(`${path} could not be hashed`)));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
