import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildServer, EXAMPLES } from './child-server.ts';
import { Client } from './client.ts';
import type { ValidateOptions } from './command-options.ts';
import { flowerRequests } from './flowers.ts';
import { Interruption } from './interruption.ts';
import { Screen } from './screen.ts';
import { Traffic } from './traffic.ts';
import type { Group } from './validate/check.ts';
import { allocation } from './validate/checks/allocation.ts';
import { health } from './validate/checks/health.ts';
import { interruption as noInterruption } from './validate/checks/interruption.ts';
import { loading } from './validate/checks/loading.ts';
import { server } from './validate/checks/server.ts';
import { updates } from './validate/checks/updates.ts';
import { showResult, summary } from './validate/report.ts';
import { runChecks } from './validate/run-checks.ts';
import { Subject } from './validate/subject.ts';

const REQUESTS_PER_SECOND = 200;
const NEVER = new AbortController().signal;

/** Each leaves the server as the next one wants it. */
const GROUPS: readonly Group[] = [server, loading, allocation, updates, noInterruption, health];

/**
 * Checks a server against what it promises, and prints each check with its evidence.
 * Resolves with the exit code: 0 when none failed, 130 and the like after a signal, else 1.
 */
export async function runValidate(options: ValidateOptions): Promise<number> {
  using interruption = new Interruption(process.stdout);
  try {
    return (await validate(options, new Screen(process.stdout), interruption.signal)) ? 0 : 1;
  } catch (error) {
    if (interruption.exitCode !== undefined) return interruption.exitCode;
    process.stderr.write(`\nThe validation failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Whether no check failed. */
async function validate({ url, key }: ValidateOptions, screen: Screen, signal: AbortSignal): Promise<boolean> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'echoserve-validate-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const own = url === undefined ? opened.use(await startOwn(directory, signal)) : undefined;
  const at = { url: own?.url ?? url ?? '', headers: key === undefined ? {} : { authorization: `Bearer ${key}` } };
  const subject = new Subject(new Client(at.url, signal, at.headers), directory);
  opened.defer(() => leaveAsFound(subject, new Client(at.url, NEVER, at.headers)));
  const bodies = await flowerRequests();
  const traffic = opened.use(new Traffic({ ...at, modelId: subject.modelId, bodies, perSecond: REQUESTS_PER_SECOND }));
  screen.title('EchoServe, validated', `At ${at.url}${own === undefined ? '' : ', started for it'}.`);
  const results = await runChecks(
    GROUPS,
    { ...at, client: subject.client, own, subject, traffic, signal },
    {
      group: (title) => screen.lines(['', screen.style(['bold', 'cyan'], title)]),
      result: (result) => showResult(screen, result),
    },
  );
  screen.lines(['', screen.style('bold', summary(results)), '']);
  return results.every(({ verdict }) => verdict !== 'failed');
}

function startOwn(directory: string, signal: AbortSignal): Promise<ChildServer> {
  return ChildServer.start({ repository: EXAMPLES, dataDir: join(directory, 'data'), sourceRoot: directory }, signal);
}

/** Also where somebody has interrupted it: that ended the other client. */
async function leaveAsFound(subject: Subject, client: Client): Promise<void> {
  if (subject.isLoaded) await subject.remove(client);
}
