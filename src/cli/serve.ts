import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { buildApp } from '../app.ts';
import type { ServeConfig } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { ModelServingManager } from '../serving/manager.ts';

/** Serves until a signal comes, then answers what was accepted and ends with exit code 0. */
export async function serve(config: ServeConfig, version: string): Promise<void> {
  const app = await buildApp(config, version);
  const grace = closeWithGrace(
    { delay: config.limits.gracePeriodMs, logger: { error: tell } },
    async ({ err, signal }) => {
      if (err !== undefined) tell(err.stack ?? err.message);
      const inFlight = app.manager.residentVersions().reduce((sum, view) => sum + view.statistics.inFlight, 0);
      app.logger.info({ signal, inFlight }, 'draining');
      app.beginDrain();
      // Balancers see that the server is not ready while it still answers whoever has not noticed yet.
      await sleep(config.limits.drainNoticeMs);
      await app[Symbol.asyncDispose]();
      app.logger.info({}, 'ended');
    },
  );
  let url: string;
  try {
    url = await app.listen();
  } catch (error) {
    // It takes an ordinary end for a shutdown that went well, and so for exit code 0.
    grace.uninstall();
    await app[Symbol.asyncDispose]();
    throw isTaken(error) ? taken(config) : error;
  }
  process.stdout.write(`EchoServe ${version} listens on ${url}: ${await found(app.manager, config)}\n`);
}

async function found(manager: ModelServingManager, config: ServeConfig): Promise<string> {
  const { overview, repositoryProblems } = await manager.status();
  const where = config.models.repositoryDir === undefined ? 'no model repository' : config.models.repositoryDir;
  const models = overview.knownModels === 1 ? '1 model' : `${overview.knownModels} models`;
  const loading = overview.residentVersions > 0 ? `, ${overview.residentVersions} to be resident` : '';
  const problems = repositoryProblems.map(({ path, reason }) => `\n  not served: ${path}: ${reason}`).join('');
  return `${models} (${where}; data in ${config.models.dataDir})${loading}${problems}`;
}

function isTaken(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function taken({ server }: ServeConfig): AppError {
  return new AppError('conflict', `Port ${server.port} of ${server.host} is taken by another program (EADDRINUSE).`, {
    next: 'Stop that one, or give another port with --port; 0 picks a free one.',
  });
}

function tell(...words: unknown[]): void {
  process.stderr.write(`${words.map(String).join(' ')}\n`);
}
