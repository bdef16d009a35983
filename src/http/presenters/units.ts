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
  return epochMs === undefined ? null : new Date(epochMs).toISOString();
}
