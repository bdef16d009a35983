import { finite } from '../../core/rollout/facts.ts';

/** `null` on the wire is what is not known: the member is always there. */
export function orNull<T>(value: T | undefined): T | null {
  return value ?? null;
}

/** 10⁹ bytes. */
export function gigabytes(bytes: number | undefined): number | null {
  return bytes === undefined ? null : bytes / 1e9;
}

/** RFC 3339 in UTC from milliseconds since 1970. */
export function timestamp(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : time(epochMs);
}

export function time(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** JSON has no infinity: the largest number stands for it, and null for what is no number. */
export function writableOrNull(value: number | null): number | null {
  return value === null || Number.isNaN(value) ? null : finite(value, 0);
}
