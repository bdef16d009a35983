#!/usr/bin/env -S node --single-threaded-gc --max-semi-space-size=2
import { createRequire } from 'node:module';
import { ConfigError } from './cli/config-error.ts';
import { runDemo } from './cli/demo.ts';
import { helpText } from './cli/help.ts';
import { serve } from './cli/serve.ts';
import { runValidate } from './cli/validate.ts';
import { parseConfig } from './config.ts';
import { AppError } from './core/errors.ts';

const manifest: { version: string; engines: { node: string } } = createRequire(import.meta.url)('../package.json');

try {
  refuseOldNode();
  const config = parseConfig(process.argv.slice(2), process.env);
  switch (config.command) {
    case 'help':
      process.stdout.write(helpText());
      break;
    case 'version':
      process.stdout.write(`${manifest.version}\n`);
      break;
    case 'demo':
      process.exitCode = await runDemo(config.short);
      break;
    case 'validate':
      process.exitCode = await runValidate(config);
      break;
    default:
      await serve(config, manifest.version);
  }
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

/** npm scripts run on the version that the project pins; who starts this file by hand may have an older one. */
function refuseOldNode(): void {
  const oldest = Number(/\d+/.exec(manifest.engines.node)?.[0]);
  if (Number.parseInt(process.versions.node, 10) >= oldest) return;
  throw new ConfigError([
    `EchoServe needs Node ${oldest} or newer, and this is ${process.versions.node}: start it with npm start, which brings its own.`,
  ]);
}

/** What was wrong and, where it is known, what to do. */
function explain(error: unknown): string {
  if (error instanceof AppError && error.next !== undefined) return `${error.message} ${error.next}`;
  return error instanceof Error ? error.message : String(error);
}
