import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The rings are kept by the compiler and the linter. A check that reads nothing passes too, so each is shown to bite. */

const root = resolve(import.meta.dirname, '../..');
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'echoserve-rings-'));
  for (const name of ['src', 'biome', 'biome.json', 'package.json', 'tsconfig.json', 'tsconfig.base.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  writeFileSync(join(copy, '.gitignore'), 'node_modules\n');
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a tool of ours in the copy; answers what it printed and whether it was content. */
function run(tool: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: copy }, (error, stdout, stderr) => {
      done({ ok: error === null, output: stdout + stderr });
    });
  });
}

async function withPlanted<T>(file: string, source: string, check: () => Promise<T>): Promise<T> {
  const path = join(copy, file);
  writeFileSync(path, source);
  try {
    return await check();
  } finally {
    rmSync(path);
  }
}

const compile = () => run('typescript/bin/tsc', ['-b']);
const lint = (file: string) => run('@biomejs/biome/bin/biome', ['lint', '--vcs-enabled=false', file]);

test('the copy is clean before anything is planted', async () => {
  expect(await compile()).toEqual({ ok: true, output: '' });
});

describe('an import against the rings is refused by the compiler', () => {
  const forbidden = [
    ['src/core', '../serving/overview/views.ts'],
    ['src/serving', '../http/error-table.ts'],
    ['src/serving', '../adapters/clock.ts'],
    ['src/adapters', '../http/error-table.ts'],
    ['src/http', '../adapters/clock.ts'],
    ['src/http', '../app.ts'],
  ] as const;
  const kinds = {
    static: (target: string) => `import '${target}';\n`,
    'type-only': (target: string) => `import type * as x from '${target}';\nexport type X = typeof x;\n`,
    dynamic: (target: string) => `export const x = () => import('${target}');\n`,
  };
  const cases = forbidden.flatMap(([ring, target]) =>
    Object.entries(kinds).map(([kind, source]) => ({ ring, target, kind, source })),
  );

  test.each(cases)('$ring → $target ($kind)', async ({ ring, target, source }) => {
    const { ok, output } = await withPlanted(`${ring}/planted.ts`, source(target), compile);
    expect(ok).toBe(false);
    expect(output).toContain('TS6307');
  });
});

describe('core has no world around it', () => {
  test('no Node types', async () => {
    const source = "export const x = Buffer.from('x');\n";
    const { output } = await withPlanted('src/core/planted.ts', source, compile);
    expect(output).toMatch(/src\/core\/planted\.ts.*Cannot find name 'Buffer'/);
  });

  test.each([
    ['a clock', 'export const x = Date.now();\n'],
    ['another clock', 'export const x = performance.now();\n'],
    ['chance', 'export const x = Math.random();\n'],
    ['a Node module', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n"],
    ['an npm package', "import { z } from 'zod';\nexport const x = z;\n"],
  ])('%s is refused by the linter', async (_what, source) => {
    const file = 'src/core/planted.ts';
    const { ok, output } = await withPlanted(file, source, () => lint(file));
    expect(ok).toBe(false);
    expect(output).toMatch(/core is pure|core imports only core|Node\.js builtin/);
  });
});
