import type { BlockList } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { addressRanges, isAddressRange, isInRange, isPrivateAddress } from './private-address.ts';

/**
 * Which URLs may be downloaded from. An entry is a URL that the source must start with (`https://models.example.com/`,
 * `http://` only when the entry says so), or an address range (`10.1.0.0/16`) that named hosts may resolve to although
 * it is private. A host that an entry gives as an address, or as `localhost`, is named literally and may be private.
 */
export class UrlPolicy {
  readonly #prefixes: readonly URL[];
  readonly #ranges: BlockList;

  /** @throws AppError `invalid_request` for an entry that is neither a URL nor a range */
  constructor(entries: readonly string[]) {
    this.#ranges = addressRanges(entries.filter(isAddressRange));
    this.#prefixes = entries.filter((entry) => !isAddressRange(entry)).map(parseEntry);
  }

  /** @throws AppError `forbidden` naming the rule */
  admit(url: URL): void {
    if (url.username !== '' || url.password !== '') {
      throw new AppError('forbidden', 'A source URL can not carry a user name or password.');
    }
    if (this.#prefixes.some((prefix) => startsWith(url, prefix))) return;
    const allowed = this.#prefixes.map((prefix) => prefix.href);
    throw new AppError('forbidden', `Downloads from ${showUrl(url)} are not allowed.`, {
      next:
        allowed.length === 0
          ? 'Downloads are switched off: an operator can allow some with --allow-source-url.'
          : `Use a URL that starts with ${allowed.join(' or ')}, or have an operator add one with --allow-source-url.`,
    });
  }

  /** Whether a connection for `hostname`, which `admit` let pass, may go to this address. */
  allowsAddress(hostname: string, address: string): boolean {
    return hostname === 'localhost' || !isPrivateAddress(address) || isInRange(this.#ranges, address);
  }
}

function parseEntry(entry: string): URL {
  const url = URL.parse(entry);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new AppError('invalid_request', `${JSON.stringify(entry)} is no http(s) URL and no address range.`);
  }
  return url;
}

function startsWith(url: URL, prefix: URL): boolean {
  if (url.protocol !== prefix.protocol || url.host !== prefix.host) return false;
  if (prefix.pathname === '/') return true;
  // An encoded slash is a slash to some servers: it could climb out of the prefix.
  if (/%2f|%5c/i.test(url.pathname)) return false;
  const folder = prefix.pathname.endsWith('/') ? prefix.pathname : `${prefix.pathname}/`;
  return url.pathname === prefix.pathname || url.pathname.startsWith(folder);
}

/** A URL for messages and logs: its query may hold a signature. */
export function showUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
