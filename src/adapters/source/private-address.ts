import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/**
 * Addresses that are not the public internet: a download must not reach the machine itself, its network or a cloud's
 * metadata service. From the IANA special-purpose registries (RFC 6890 and its updates).
 */
const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // IPv4 addresses in IPv6 clothes (compatible, NAT64, 6to4, Teredo) could be any of the above. Mapped ones are
  // checked as what they map to.
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/23',
  '2002::/16',
  '100::/64',
  '2001:db8::/32',
  '3fff::/20',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const notPublic = addressRanges(NOT_PUBLIC);

/** @param ranges single addresses or CIDR ranges, of either family */
export function addressRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Whether `text` is an address, or a range such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || isIP(address) === 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIPv4(address) ? 32 : 128));
}

export function isInRange(ranges: BlockList, address: string): boolean {
  return isIPv4(address) ? ranges.check(address, 'ipv4') : isIPv6(address) && ranges.check(address, 'ipv6');
}

/** Anything that is not a public unicast address, text that is no address included. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) === 0 || address.includes('%') || isInRange(notPublic, address);
}
