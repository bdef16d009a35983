import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { AppError } from '../../core/errors.ts';
import type { UrlPolicy } from './url-policy.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export const systemResolveHost: ResolveHost = async (hostname) => {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/**
 * A `lookup` for a socket that hands out verified addresses only. The socket connects to just what was checked, so a
 * name that answers differently a moment later (DNS rebinding) gains nothing.
 */
export function verifiedLookup(policy: UrlPolicy, resolveHost: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    allowedAddresses(hostname, policy, resolveHost).then(
      ([first, ...rest]) => {
        if (options.all) callback(null, [first, ...rest]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, options.all ? [] : ''),
    );
  };
}

async function allowedAddresses(
  hostname: string,
  policy: UrlPolicy,
  resolveHost: ResolveHost,
): Promise<readonly [ResolvedAddress, ...ResolvedAddress[]]> {
  const [first, ...rest] = (await resolveHost(hostname)).filter(({ address }) =>
    policy.allowsAddress(hostname, address),
  );
  if (first === undefined) {
    throw new AppError('forbidden', `The host ${hostname} has no public address: downloads from it are not allowed.`, {
      next: 'If it is meant to be reached, an operator can name its address range with --allow-source-url.',
    });
  }
  return [first, ...rest];
}
