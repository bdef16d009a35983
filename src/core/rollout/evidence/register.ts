/**
 * What is remembered by hash within one rollout, as plain immutable data. It lies in 128 buckets, so that adding an
 * entry copies one bucket and the list of buckets, and not all of it.
 */
export interface Register<V> {
  readonly size: number;
  readonly buckets: readonly Bucket<V>[];
}

type Bucket<V> = readonly (readonly [hash: string, value: V])[];

/**
 * A full register takes no new hash and forgets none: what it does not know then counts for nothing, while a forgotten
 * key or input could count twice.
 */
export const REGISTER_LIMIT = 10_000;

const BUCKETS = 128;

export const EMPTY_REGISTER: Register<never> = { size: 0, buckets: Array.from({ length: BUCKETS }, () => []) };

export function isFull(register: Register<unknown>): boolean {
  return register.size >= REGISTER_LIMIT;
}

export function lookUp<V>({ buckets }: Register<V>, hash: string): V | undefined {
  return buckets[bucketOf(hash)]?.find(([known]) => known === hash)?.[1];
}

/** The register with the value under the hash; unchanged when it is full and does not know the hash. */
export function enter<V>(register: Register<V>, hash: string, value: V): Register<V> {
  const index = bucketOf(hash);
  const others = register.buckets[index]?.filter(([known]) => known !== hash) ?? [];
  const isKnown = others.length < (register.buckets[index]?.length ?? 0);
  if (!isKnown && isFull(register)) return register;
  return {
    size: register.size + (isKnown ? 0 : 1),
    buckets: register.buckets.with(index, [...others, [hash, value]]),
  };
}

/** The hash of Java's strings, which spreads hexadecimal digits well enough. */
function bucketOf(hash: string): number {
  let sum = 0;
  for (let index = 0; index < hash.length; index += 1) sum = (Math.imul(sum, 31) + hash.charCodeAt(index)) | 0;
  return sum & (BUCKETS - 1);
}
