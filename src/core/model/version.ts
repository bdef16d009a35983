import { AppError } from '../errors.ts';

declare const brand: unique symbol;
/** A concrete version: an integer (`3`), a semver (`v2.0`, `1.4.2`) or a name (`canary`). Never `latest`. */
export type VersionName = string & { readonly [brand]: 'VersionName' };

/** What a request may ask for. */
export type VersionSelector = VersionName | 'latest';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const NUMERIC = /^v?(\d+(?:\.\d+){0,3})$/;

/** @throws AppError `invalid_request` when the text can name no version. */
export function parseVersion(text: string): VersionName {
  const selector = parseVersionSelector(text);
  if (selector === 'latest') throw new AppError('invalid_request', '"latest" is not a version: name a concrete one.');
  return selector;
}

/** @throws AppError `invalid_request` when the text can name no version. */
export function parseVersionSelector(text: string): VersionSelector {
  if (text === 'latest') return 'latest';
  if (text.length > 128 || !NAME.test(text)) {
    throw new AppError(
      'invalid_request',
      `Invalid version ${JSON.stringify(text.slice(0, 140))}: use an integer, a semver, a name of letters, digits, ".", "_" and "-" (at most 128 characters), or "latest".`,
    );
  }
  return text as VersionName;
}

/** The numeric parts of an integer or semver, or undefined for a name. */
function numericParts(version: string): readonly bigint[] | undefined {
  const match = NUMERIC.exec(version);
  return match?.[1]?.split('.').map(BigInt);
}

/** Orders versions: names first (alphabetically), then numbers, so that the last one is the newest. */
export function compareVersions(a: string, b: string): number {
  const left = numericParts(a);
  const right = numericParts(b);
  if (left === undefined || right === undefined) {
    if (left === undefined && right === undefined) return a < b ? -1 : a > b ? 1 : 0;
    return left === undefined ? -1 : 1;
  }
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const x = left[i] ?? 0n;
    const y = right[i] ?? 0n;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The highest integer or semver; where there are only names, the last by name. Undefined for an empty list. */
export function latestVersion<V extends string>(versions: readonly V[]): V | undefined {
  return versions.toSorted(compareVersions).at(-1);
}
