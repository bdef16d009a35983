import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from './demo/client.ts';
import { DemoServer } from './demo/demo-server.ts';
import { Interruption } from './demo/interruption.ts';
import { play } from './demo/play.ts';
import { Screen } from './demo/screen.ts';
import { STEPS } from './demo/steps.ts';

/**
 * Starts a server over the example models, shows what it can do, and ends it.
 * Resolves with the exit code: 0 when every step went as it must, 130 and the like after a signal, else 1.
 */
export async function runDemo(): Promise<number> {
  using interruption = new Interruption(process.stdout);
  const screen = new Screen(process.stdout);
  try {
    await showEverything(screen, interruption.signal);
    screen.title('That was all', 'Serve your own: npm start -- --model-repository DIRECTORY (see README.md)');
    screen.lines(['']);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function showEverything(screen: Screen, signal: AbortSignal): Promise<void> {
  // Opened in this order, closed in the other: nothing is left behind, however it ends.
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'echoserve-demo-'));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  screen.title('EchoServe', 'ONNX models over HTTP. Every figure below comes from the server that starts now.');
  const server = opened.use(await DemoServer.start(dataDir, signal));
  await play(STEPS, { screen, server, client: new Client(server.url, signal) }, signal);
}
