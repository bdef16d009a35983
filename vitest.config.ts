import { defineConfig } from 'vitest/config';

// onnxruntime would report to its maker where a test runs it in its own process.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const project = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 30_000, hookTimeout: 60_000, ...options },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/helpers/count-reporter.ts'],
    maxWorkers: 2,
    projects: [
      project('unit'),
      project('property'),
      project('http'),
      // Real runtimes and real processes: one file at a time keeps two cores from fighting over deadlines.
      project('native', { pool: 'forks', fileParallelism: false, testTimeout: 120_000 }),
      project('acceptance', { pool: 'forks', fileParallelism: false, testTimeout: 180_000 }),
    ],
  },
});
