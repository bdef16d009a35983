import { existsSync, readdirSync, readFileSync } from 'node:fs';

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

/** Empty where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
