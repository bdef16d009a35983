/** What a process has of files that others may map too. */
export interface SharedMappings {
  /** What copies of its own of their resident pages would cost it more than its share of them. */
  readonly savedBytes: number;
  readonly residentBytes: number;
  /** Pages of theirs that nobody else maps at this moment. */
  readonly privateBytes: number;
}

/**
 * Adds up the mappings of files in the text of `/proc/PID/smaps`, which was read as latin1. Two processes with 60 MB in
 * common save 30 MB each: resident size less proportional size.
 * The text may be hundreds of kilobytes long, and this runs on the thread that answers HTTP: it is searched for the
 * names, and not taken apart.
 */
export function sharedMappings(smaps: string, files: readonly string[]): SharedMappings {
  let savedBytes = 0;
  let residentBytes = 0;
  let privateBytes = 0;
  for (const at of headings(smaps, files)) {
    const bytes = (name: string) => bytesAfter(smaps, `\n${name}:`, at);
    const rss = bytes('Rss');
    residentBytes += rss;
    savedBytes += rss - bytes('Pss');
    privateBytes += bytes('Private_Clean') + bytes('Private_Dirty');
  }
  return { savedBytes, residentBytes, privateBytes };
}

/** Where the parts begin that tell of the files' mappings. */
function* headings(smaps: string, files: readonly string[]): Generator<number, void, undefined> {
  for (const file of files) {
    // The kernel's bytes were read one by one, and it writes a line's end in a name like this.
    const name = Buffer.from(file).toString('latin1').replaceAll('\n', '\\012');
    // A file that was replaced or removed stays mapped.
    for (const heading of [` ${name}\n`, ` ${name} (deleted)\n`]) {
      for (let at = smaps.indexOf(heading); at !== -1; at = smaps.indexOf(heading, at + 1)) yield at;
    }
  }
}

function bytesAfter(text: string, name: string, position: number): number {
  const start = text.indexOf(name, position) + name.length;
  return Number.parseInt(text.slice(start, text.indexOf(' kB', start)), 10) * 1024;
}
