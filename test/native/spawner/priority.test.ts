import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { Spawner } from '../../../src/adapters/onnx/spawner/spawner.ts';

/** Node, which has not yet run a line of its own that could lower anything. */
const TELLS = `process.stdout.write(JSON.stringify({
  niceness: os.getPriority(),
  session: fs.readFileSync('/proc/self/autogroup', 'latin1'),
}))`;

test.runIf(existsSync('/proc/self/autogroup'))(
  'a process gives way to the front from its first instruction on',
  async () => {
    const spawner = new Spawner(() => {});
    onTestFinished(() => spawner[Symbol.asyncDispose]());
    const child = await spawner.start({
      command: [process.execPath, '-e', TELLS],
      env: {},
      cwd: undefined,
      stdout: 'pipe',
      descriptors: [],
    });
    const { stdout } = await child.closed;
    expect(JSON.parse(stdout)).toMatchObject({ niceness: 10, session: expect.stringMatching(/ nice 19$/m) });
    // The thread that starts processes has lowered itself alone.
    expect(getPriority()).toBeLessThan(10);
  },
);
