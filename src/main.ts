#!/usr/bin/env node
import { createRequire } from 'node:module';
import { ConfigError } from './cli/config-error.ts';
import { runDemo } from './cli/demo.ts';
import { helpText } from './cli/help.ts';
import { serve } from './cli/serve.ts';
import { parseConfig } from './config.ts';

const manifest: { version: string } = createRequire(import.meta.url)('../package.json');

try {
  const config = parseConfig(process.argv.slice(2), process.env);
  if (config.command === 'help') process.stdout.write(helpText());
  else if (config.command === 'version') process.stdout.write(`${manifest.version}\n`);
  else if (config.command === 'demo') process.exitCode = await runDemo();
  else await serve(config, manifest.version);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
