import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` is `root` or below it. Both absolute, symlinks resolved by the caller where that matters. */
export function isWithin(root: string, path: string): boolean {
  const steps = relative(root, path);
  return steps !== '..' && !steps.startsWith(`..${sep}`) && !isAbsolute(steps);
}

/** A path with every symlink resolved, or why it may not be used. */
export type Confined =
  | { readonly ok: true; readonly realPath: string }
  | { readonly ok: false; readonly reason: string; readonly missing: boolean };

/** Resolves `path` and sees that it stays within one of the roots, which are resolved already. */
export async function confine(path: string, realRoots: readonly string[]): Promise<Confined> {
  let resolved: string;
  try {
    resolved = await realpath(path);
  } catch (error) {
    return { ok: false, reason: reasonOf(error), missing: hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') };
  }
  if (realRoots.some((root) => isWithin(root, resolved))) return { ok: true, realPath: resolved };
  return { ok: false, reason: 'it is a symbolic link that leads outside the model directories', missing: false };
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is no directory',
  EACCES: 'the server may not read it',
  EPERM: 'the server may not read it',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/** A file system error as the end of a sentence. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = 'code' in error && typeof error.code === 'string' ? REASONS[error.code] : undefined;
  return known ?? error.message;
}
