export type Compression = 'gzip' | 'deflate';

/**
 * The best compression that the client names itself, or undefined. `*` names none: compressing costs time, so it is
 * done for those who ask. RFC 9110 §12.5.3: the weight is 1 when not given, 0 forbids; `identity` can outweigh.
 */
export function acceptedEncoding(header: string | string[] | undefined): Compression | undefined {
  if (header === undefined || header === '') return undefined;
  const weights = readWeights(String(header));
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? 0;
  const deflate = weights.get('deflate') ?? 0;
  const best = Math.max(gzip, deflate);
  if (best === 0 || (weights.get('identity') ?? 0) > best) return undefined;
  return gzip >= deflate ? 'gzip' : 'deflate';
}

function readWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name, /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0);
  }
  return weights;
}
