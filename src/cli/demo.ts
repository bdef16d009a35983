import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildServer } from './child-server.ts';
import { Client } from './client.ts';
import { play } from './demo/play.ts';
import { copyExamples } from './demo/repository.ts';
import { STEPS } from './demo/steps.ts';
import { flowerRequests } from './flowers.ts';
import { Interruption } from './interruption.ts';
import { Screen } from './screen.ts';
import { Traffic } from './traffic.ts';

const REQUESTS_PER_SECOND = 200;

/**
 * Starts a server over the example models, shows what it can do, updates under traffic included, and ends it.
 * @param isShort whether the stages of the updates are so short that it takes seconds
 * Resolves with the exit code: 0 when every step went as it must, 130 and the like after a signal, else 1.
 */
export async function runDemo(isShort: boolean): Promise<number> {
  using interruption = new Interruption(process.stdout);
  const screen = new Screen(process.stdout);
  try {
    await showEverything(screen, isShort, interruption.signal);
    screen.title('That was all', 'Serve your own: npm start -- --model-repository DIRECTORY (see README.md)');
    screen.lines(['']);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function showEverything(screen: Screen, isShort: boolean, signal: AbortSignal): Promise<void> {
  // Opened in this order, closed in the other: nothing is left behind, however it ends.
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'echoserve-demo-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  screen.title('EchoServe', 'ONNX models over HTTP. Every figure below comes from the server that starts now.');
  const repository = join(directory, 'models');
  await copyExamples(repository, isShort ? 'short' : 'usual');
  const server = opened.use(await ChildServer.start({ repository, dataDir: join(directory, 'data') }, signal));
  const { url } = server;
  const bodies = await flowerRequests();
  const traffic = opened.use(new Traffic({ url, modelId: 'iris', bodies, perSecond: REQUESTS_PER_SECOND }));
  await play(STEPS, { screen, server, client: new Client(url, signal), repository, traffic, signal }, signal);
}
