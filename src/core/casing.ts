/** `min_top1_agreement` → `minTop1Agreement` */
export type CamelCase<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S;

/** `minTop1Agreement` → `min_top1_agreement` */
export type SnakeCase<S> = S extends `${infer C}${infer Tail}`
  ? `${C extends Lowercase<C> ? C : `_${Lowercase<C>}`}${SnakeCase<Tail>}`
  : S;

/** Members under their names in code. What was undefined is absent: options are merged by spreading. */
export type CamelMembers<T> = { [K in keyof T as CamelCase<K>]: Exclude<T[K], undefined> };

/** Members under their names on the wire. */
export type SnakeMembers<T> = { [K in keyof T as SnakeCase<K>]: T[K] };

/** The object's own members alone: what is inside of them keeps its names. */
export function camelMembers<T extends object>(value: T): CamelMembers<T> {
  const defined = Object.entries(value).filter(([, member]) => member !== undefined);
  // Each name is changed as the type says.
  return Object.fromEntries(defined.map(([name, member]) => [camelCase(name), member])) as CamelMembers<T>;
}

/** The object's own members alone: what is inside of them keeps its names. */
export function snakeMembers<T extends object>(value: T): SnakeMembers<T> {
  // Each name is changed as the type says.
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [snakeCase(name), member]),
  ) as SnakeMembers<T>;
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
