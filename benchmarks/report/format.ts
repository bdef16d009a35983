/** Three digits that count: 0.0123, 4.57, 31.2, 8170. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  if (value === 0) return '0';
  return String(Number(value.toPrecision(3)));
}

export function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}

export function megabytes(bytes: number): string {
  return `${figure(bytes / 1e6)} MB`;
}

/** `×1.43` */
export function ratio(value: number): string {
  return Number.isFinite(value) ? `×${value.toFixed(2)}` : '–';
}
