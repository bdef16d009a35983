import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { OnnxEngine } from '../../../src/adapters/onnx/engine.ts';
import { Arena } from '../../../src/adapters/onnx/runner/arena.ts';
import { arenaDirectory } from '../../../src/adapters/onnx/runner/arena-file.ts';
import { parentDeathCommand } from '../../../src/adapters/onnx/spawner/parent-death-command.ts';
import type { Logger } from '../../../src/serving/ports/logger.ts';
import { temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';
import { silentLogger } from '../../helpers/serving/serving.ts';

/** A directory with a program of this name that ends with `status` when it is told of --pdeathsig. */
function setprivEnding(status: number): string {
  const directory = temporaryDirectory();
  const script = `#!/bin/sh\n[ "$1" = --pdeathsig ] && exit ${status}\n`;
  writeFileSync(join(directory, 'setpriv'), script, { mode: 0o755 });
  return directory;
}

function warningsOfEngine(): string[] {
  const dir = arenaDirectory(undefined, true);
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
  using arena = new Arena({ dir, capacityBytes: 1 << 20, maxBodyBytes: 1 << 20 });
  new OnnxEngine({ arena, arenaDir: dir, rewriteDir: dir, logger, onStarted: () => {}, onEnded: () => {} });
  return warnings;
}

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(process.platform !== 'linux')('the command that ends a process with its parent', () => {
  test('is a setpriv that knows how', () => {
    const directory = setprivEnding(0);
    expect(parentDeathCommand(directory)).toEqual([join(directory, 'setpriv'), '--pdeathsig', 'KILL', '--']);
  });

  test('is none where there is no setpriv, or only one that does not know how', () => {
    expect(parentDeathCommand(temporaryDirectory())).toEqual([]);
    expect(parentDeathCommand(setprivEnding(1))).toEqual([]);
  });

  test('is the first on the path that knows how', () => {
    const [without, having] = [setprivEnding(1), setprivEnding(0)];
    expect(parentDeathCommand([without, having].join(delimiter))[0]).toBe(join(having, 'setpriv'));
  });

  test('is missed once in the log when there is none', () => {
    vi.stubEnv('PATH', setprivEnding(1));
    expect(warningsOfEngine()).toEqual([expect.stringMatching(/no setpriv with --pdeathsig/)]);
    vi.stubEnv('PATH', setprivEnding(0));
    expect(warningsOfEngine()).toEqual([]);
  });
});
