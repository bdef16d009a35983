/** Three digits that count: 0.0123, 4.57, 31.2, 8170. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  if (value === 0) return '0';
  return String(Number(value.toPrecision(3)));
}

export function milliseconds(value: number): string {
  return unit(value, 'ms');
}

export function megabytes(bytes: number): string {
  return unit(bytes / 1e6, 'MB');
}

function unit(value: number, name: string): string {
  return Number.isFinite(value) ? `${figure(value)} ${name}` : figure(value);
}

/** `×1.43` */
export function ratio(value: number): string {
  return Number.isFinite(value) ? `×${value.toFixed(2)}` : '–';
}

/** For a change: `+1.2 MB`, `-3 MB` */
export function signedMegabytes(bytes: number): string {
  return `${bytes > 0 ? '+' : ''}${megabytes(bytes)}`;
}

/** Of a share: `5 %`, `0.12 %` */
export function percent(share: number): string {
  return unit(share * 100, '%');
}
