/**
 * What is remembered by hash within one rollout, as plain immutable data. It lies in buckets by the hash's first two
 * digits, so that adding an entry copies one bucket and not all of it.
 */
export interface Register<V> {
  readonly size: number;
  readonly buckets: Readonly<Record<string, Readonly<Record<string, V>>>>;
}

/**
 * A full register takes no new hash and forgets none: what it does not know then counts for nothing, while a forgotten
 * key or input could count twice.
 */
export const REGISTER_LIMIT = 10_000;

export const EMPTY_REGISTER: Register<never> = { size: 0, buckets: {} };

export function isFull(register: Register<unknown>): boolean {
  return register.size >= REGISTER_LIMIT;
}

/** Own properties only: hashes and digests come from elsewhere. */
export function lookUp<V>(register: Register<V>, hash: string): V | undefined {
  const bucket = bucketOf(register, hash);
  return Object.hasOwn(bucket, hash) ? bucket[hash] : undefined;
}

/** The register with the value under the hash; unchanged when it is full and does not know the hash. */
export function enter<V>(register: Register<V>, hash: string, value: V): Register<V> {
  const bucket = bucketOf(register, hash);
  const isKnown = Object.hasOwn(bucket, hash);
  if (!isKnown && isFull(register)) return register;
  return {
    size: register.size + (isKnown ? 0 : 1),
    buckets: { ...register.buckets, [hash.slice(0, 2)]: { ...bucket, [hash]: value } },
  };
}

function bucketOf<V>({ buckets }: Register<V>, hash: string): Readonly<Record<string, V>> {
  const name = hash.slice(0, 2);
  return Object.hasOwn(buckets, name) ? (buckets[name] ?? {}) : {};
}
