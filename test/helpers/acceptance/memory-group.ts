import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { patiently } from './views.ts';

/** A control group whose processes share a limit of memory, as in a container. Only root can make one. */
export class MemoryGroup implements AsyncDisposable {
  readonly #dir: string;
  readonly #eventsFile: string;

  private constructor(dir: string, eventsFile: string) {
    this.#dir = dir;
    this.#eventsFile = eventsFile;
  }

  /** Undefined where none can be made. */
  static create(limitBytes: number): MemoryGroup | undefined {
    return MemoryGroup.#v1(limitBytes) ?? MemoryGroup.#v2(limitBytes);
  }

  static #v1(limitBytes: number): MemoryGroup | undefined {
    return MemoryGroup.#in('/sys/fs/cgroup/memory', 'memory.oom_control', (dir) => {
      writeFileSync(join(dir, 'memory.limit_in_bytes'), String(limitBytes));
    });
  }

  static #v2(limitBytes: number): MemoryGroup | undefined {
    return MemoryGroup.#in('/sys/fs/cgroup', 'memory.events', (dir) => {
      writeFileSync(join(dir, 'memory.max'), String(limitBytes));
      writeFileSync(join(dir, 'memory.swap.max'), '0');
    });
  }

  static #in(parent: string, eventsFile: string, limit: (dir: string) => void): MemoryGroup | undefined {
    const dir = join(parent, `echoserve-test-${process.pid}`);
    try {
      mkdirSync(dir);
    } catch {
      return undefined;
    }
    try {
      limit(dir);
      return new MemoryGroup(dir, eventsFile);
    } catch {
      rmdirSync(dir);
      return undefined;
    }
  }

  /** What the process starts from now on is in the group as well. */
  add(pid: number): void {
    writeFileSync(join(this.#dir, 'cgroup.procs'), String(pid));
  }

  /** How often the kernel killed one of its processes. */
  get kills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(this.#dir, this.#eventsFile), 'utf8'))?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await patiently(() => {
      if (existsSync(this.#dir)) rmdirSync(this.#dir);
    });
  }
}
