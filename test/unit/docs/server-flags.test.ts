import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { SERVER_NODE_FLAGS } from '../../../src/cli/server-node-flags.ts';

const read = (path: string) => readFileSync(resolve(import.meta.dirname, '../../..', path), 'utf8');
const FLAGS = SERVER_NODE_FLAGS.join(' ');

it.each([
  ['package.json', `"start": "exec node ${FLAGS} dist/main.js"`],
  ['Dockerfile', `"node", ${SERVER_NODE_FLAGS.map((flag) => `"${flag}"`).join(', ')}, "dist/main.js"]`],
  ['src/main.ts', `#!/usr/bin/env -S node ${FLAGS}\n`],
])('%s starts the server with the flags that every start has', (path, line) => {
  expect(read(path)).toContain(line);
});
