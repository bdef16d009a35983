import { expect, test } from 'vitest';
import { createLogger } from '../../../src/adapters/telemetry/logger.ts';

test('keys never reach the log', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  logger.info({ req: { headers: { authorization: 'Bearer secret-key' } } }, 'request');
  logger.info({ headers: { authorization: 'Bearer secret-key' }, authorization: 'Bearer secret-key' }, 'request');
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain('secret-key');
  expect(lines.join('')).toContain('[redacted]');
});

test('what is below the level is not written', () => {
  const lines: string[] = [];
  const logger = createLogger('warn', { write: (line) => void lines.push(line) });
  logger.info({}, 'quiet');
  logger.warn({}, 'loud');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['loud']);
});
