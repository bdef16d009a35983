import { expect, test } from 'vitest';
import { sharedMappings } from '../../../src/adapters/shared-mappings.ts';

/** A mapping as `/proc/PID/smaps` tells of it. */
const mapping = (name: string, rssKb: number, pssKb: number): string =>
  [
    `7f6cd2600000-7f6cd3543000 rw-p 00000000 fe:00 10062066                   ${name}`,
    'Size:              15628 kB',
    'KernelPageSize:        4 kB',
    'MMUPageSize:           4 kB',
    `Rss:               ${rssKb} kB`,
    `Pss:                ${pssKb} kB`,
    'Pss_Dirty:             0 kB',
    'Shared_Clean:      15628 kB',
    'Shared_Dirty:          0 kB',
    `Private_Clean:         ${Math.max(0, 2 * pssKb - rssKb)} kB`,
    'Private_Dirty:         1 kB',
    'VmFlags: rd wr mr mw me sd',
    '',
  ].join('\n');

const NOTHING = { savedBytes: 0, residentBytes: 0, privateBytes: 0 };

test('what sharing saves is the resident size less its share, and what is nobody else’s is told, over all mappings', () => {
  const smaps = [
    mapping('/usr/lib/libc.so.6', 2000, 100),
    mapping('/data/a/weights.bin', 15_000, 7500),
    mapping('', 500, 500),
    mapping('/data/a/weights.bin', 1000, 250),
    mapping('/data/b/more.bin', 100, 100),
  ].join('');
  expect(sharedMappings(smaps, ['/data/a/weights.bin', '/data/b/more.bin'])).toEqual({
    savedBytes: 8250 * 1024,
    residentBytes: 16_100 * 1024,
    privateBytes: 103 * 1024,
  });
});

test('files of like names are others', () => {
  const smaps = mapping('/x/data/weights.bin', 100, 50) + mapping('/data/weights.bin.old', 100, 50);
  expect(sharedMappings(smaps, ['/data/weights.bin'])).toEqual(NOTHING);
  expect(sharedMappings('', ['/data/weights.bin'])).toEqual(NOTHING);
});

test('a file that has gone, and names that are not plain, are found', () => {
  const smaps =
    mapping('/data/weights.bin (deleted)', 100, 50) +
    // The kernel's bytes, read one by one.
    mapping(Buffer.from('/data/gewichte-ä\\012.bin').toString('latin1'), 10, 5);
  expect(sharedMappings(smaps, ['/data/weights.bin', '/data/gewichte-ä\n.bin']).savedBytes).toBe(55 * 1024);
});
