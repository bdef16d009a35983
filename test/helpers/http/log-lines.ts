import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';

interface Captured {
  readonly logger: FastifyBaseLogger;
  /** What was logged so far, oldest first. */
  readonly lines: Record<string, unknown>[];
}

/** A real logger that writes into an array. */
export function captureLog(level = 'trace'): Captured {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

/** pino's numbers for levels. */
export const LEVEL = { debug: 20, info: 30, warn: 40, error: 50 } as const;
