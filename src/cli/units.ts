/** Bytes per unit. `Ki` and `KiB` are the same; bare `K` is none, as people mean both 1000 and 1024 by it. */
const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

const MS_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const QUANTITY = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i;

/** `64MiB`, `1.5GB` or `1000` as whole bytes; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  return quantity(text.toLowerCase(), BYTE_UNITS);
}

/** `30s`, `500ms`, `1.5m` or `2h` as whole milliseconds; undefined for anything else, a bare number included. */
export function parseDurationMs(text: string): number | undefined {
  return quantity(text, MS_UNITS);
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit] = QUANTITY.exec(text) ?? [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (amount === undefined || factor === undefined) return undefined;
  const value = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The shortest exact text, such as `64MiB`; `parseBytes` reads it back. */
export function formatBytes(bytes: number): string {
  for (const [unit, factor] of [
    ['TiB', 2 ** 40] as const,
    ['GiB', 2 ** 30] as const,
    ['MiB', 2 ** 20] as const,
    ['KiB', 2 ** 10] as const,
  ]) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
