/** How often each object is there. No count is 0 or less. */
export type Multiset = ReadonlyMap<string, number>;

/** @param counts whole numbers; zeros are left out */
export function multiset(counts: Readonly<Record<string, number>>): Multiset {
  return new Map(Object.entries(counts).filter(([, count]) => count > 0));
}

/** How often `part` can be taken out of `whole`. Infinity for an empty part. */
export function timesWithin(whole: Multiset, part: Multiset): number {
  let times = Infinity;
  for (const [object, count] of part) times = Math.min(times, Math.floor((whole.get(object) ?? 0) / count));
  return times;
}

/** Adds `times` of an object to a multiset that is being built; takes them out where `times` is negative. */
export function addTo(contents: Map<string, number>, object: string, times: number): void {
  const count = (contents.get(object) ?? 0) + times;
  if (count > 0) contents.set(object, count);
  else contents.delete(object);
}

/** The number of objects, each as often as it is there. */
export function sizeOf(contents: Multiset): number {
  let size = 0;
  for (const count of contents.values()) size += count;
  return size;
}
