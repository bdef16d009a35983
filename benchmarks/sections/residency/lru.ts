/**
 * Hits of a cache that holds `capacity` entries and drops the least recently used one for each that it does not have.
 * Example: of a, b, a, c, b with room for two, the second a is the only hit: c takes b's place.
 */
export function lruHits(trace: Iterable<number>, capacity: number): number {
  // A set keeps the order in which its members were added: the first is the least recently used.
  const held = new Set<number>();
  let hits = 0;
  for (const entry of trace) {
    if (held.delete(entry)) hits += 1;
    else if (held.size >= capacity) held.delete(held.values().next().value ?? entry);
    held.add(entry);
  }
  return hits;
}
