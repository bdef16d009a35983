import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { rolloutMachineMarkdown } from '../../../scripts/generate/rollout-machine.ts';

it('the page about the state machine says what the machine does', async () => {
  expect(await readFile('docs/rollout-machine.md', 'utf8')).toBe(rolloutMachineMarkdown());
});
