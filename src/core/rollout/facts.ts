/** Numbers, names and yes or no behind a decision. It can be written as JSON and read back the same. */
export type Facts = Readonly<Record<string, number | string | boolean | null>>;

/** JSON has no infinities: evidence that is beyond all numbers is written as the largest one, no number as null. */
export function writableFacts(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'number' ? writable(value) : value]),
  );
}

function writable(value: number): number | null {
  return Number.isNaN(value) ? null : finite(value, 0);
}

/** A number that JSON gives back as it was, so no −0 either; `instead` where it is none. */
export function finite(value: number, instead: number): number {
  if (Number.isNaN(value)) return instead;
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value)) + 0;
}
