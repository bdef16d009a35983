import { expect, test } from 'vitest';
import { savedBySharing } from '../../../src/adapters/process-memory.ts';

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
    'VmFlags: rd wr mr mw me sd',
    '',
  ].join('\n');

test('what sharing saves is the resident size less its share, over all mappings of the files', () => {
  const smaps = [
    mapping('/usr/lib/libc.so.6', 2000, 100),
    mapping('/data/a/weights.bin', 15_000, 7500),
    mapping('', 500, 500),
    mapping('/data/a/weights.bin', 1000, 250),
    mapping('/data/b/more.bin', 100, 100),
  ].join('');
  expect(savedBySharing(smaps, ['/data/a/weights.bin', '/data/b/more.bin'])).toBe(8250 * 1024);
});

test('files of like names are others', () => {
  const smaps = mapping('/x/data/weights.bin', 100, 50) + mapping('/data/weights.bin.old', 100, 50);
  expect(savedBySharing(smaps, ['/data/weights.bin'])).toBe(0);
  expect(savedBySharing('', ['/data/weights.bin'])).toBe(0);
});

test('a file that has gone, and names that are not plain, are found', () => {
  const smaps =
    mapping('/data/weights.bin (deleted)', 100, 50) +
    // The kernel's bytes, read one by one.
    mapping(Buffer.from('/data/gewichte-ä\\012.bin').toString('latin1'), 10, 5);
  expect(savedBySharing(smaps, ['/data/weights.bin', '/data/gewichte-ä\n.bin'])).toBe(55 * 1024);
});
