/** `0.42 ms`, `8.1 ms`, `212 ms`; an unknown duration is `–`. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return '–';
  return `${ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
}

/** In 10⁶ bytes, as the API counts. */
export function megabytes(bytes: number | null): string {
  return bytes === null ? '–' : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The API gives memory in 10⁹ bytes. */
export function fromGigabytes(gigabytes: number | null): number | null {
  return gigabytes === null ? null : gigabytes * 1e9;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Full blocks, and an eighth's precision at the end. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
}

/** `1,234`. */
export function count(number: number): string {
  return number.toLocaleString('en-GB');
}
