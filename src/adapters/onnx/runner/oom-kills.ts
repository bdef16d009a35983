import { readFileSync } from 'node:fs';

/**
 * Tells whether the kernel has ended a process of this control group for memory: nothing else distinguishes that from
 * any other SIGKILL. Both versions of control groups count it; where there is neither, nothing is known.
 */
export class OomKills {
  readonly #counts = new Map<string, number>();

  constructor() {
    this.haveRisen();
  }

  /** Since it was last asked. */
  haveRisen(): boolean {
    const file = counterFile();
    if (file === undefined) return false;
    const count = readCount(file);
    const before = this.#counts.get(file) ?? (this.#counts.size === 0 ? count : 0);
    this.#counts.set(file, count);
    return count > before;
  }
}

/** Looked up anew each time: a process can be moved to another group. */
function counterFile(): string | undefined {
  try {
    for (const line of readFileSync('/proc/self/cgroup', 'latin1').split('\n')) {
      const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers.split(',').includes('memory')) return `/sys/fs/cgroup/memory${path}/memory.oom_control`;
      if (line.startsWith('0::') && isReadable(`/sys/fs/cgroup${path}/memory.events`)) {
        return `/sys/fs/cgroup${path}/memory.events`;
      }
    }
  } catch {
    // Not Linux.
  }
  return undefined;
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Both files have a line `oom_kill N`. */
function readCount(file: string): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'latin1'))?.[1] ?? 0);
  } catch {
    // Hidden from this container.
    return 0;
  }
}
