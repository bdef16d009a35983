import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Children of a process whose command line has `argument`. */
export function childrenOf(parent: number, argument: string): number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => textOf(`/proc/${parent}/task/${task}/children`).trim().split(' '))
    .filter((pid) => pid !== '' && textOf(`/proc/${pid}/cmdline`).includes(argument))
    .map(Number);
}

/** Neither ended nor a zombie. */
export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`));
}

/** Whether a process has a file open. */
export function hasOpen(pid: number, name: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith(name);
    } catch {
      return false;
    }
  });
}

/** Empty where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
