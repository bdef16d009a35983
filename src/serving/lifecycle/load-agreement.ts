import { AppError } from '../../core/errors.ts';
import type { LoadRequest } from '../service.ts';
import { differingOptions } from './load-options.ts';
import type { Repository } from './repository.ts';
import type { Resident } from './resident.ts';

/**
 * Whether a version that is loaded is what a request wants: a request is never silently given something else.
 * @throws AppError `conflict`
 */
export async function refuseDifferences(
  resident: Resident,
  request: LoadRequest,
  repository: Repository,
  signal: AbortSignal,
): Promise<void> {
  const { loaded, label } = resident;
  if (loaded === undefined) return;
  const differing = differingOptions(loaded.options, request.options);
  if (differing.length > 0) {
    throw otherOptions(`${label} is loaded with other options`, differing);
  }
  refuseOtherSource(resident, request);
  if (request.sha256 === undefined || request.sha256 === resident.settings.sha256) return;
  // The digest of a model in several files is of all of them; a request means the .onnx file.
  const isOneFile = loaded.prepared.inspection.externalFiles.length === 0;
  const actual = isOneFile ? loaded.prepared.digest : await repository.sha256(loaded.files, signal);
  refuseOtherFile(label, request.sha256, actual);
}

/**
 * The same for one that is being loaded, where nobody waits for the end of it. What it will turn out to be is not known
 * yet: only what was asked for can be compared.
 * @throws AppError `conflict`
 */
export function refuseOtherWishes(resident: Resident, request: LoadRequest): void {
  const { settings, label } = resident;
  const differing = differingOptions(settings.options, request.options);
  if (differing.length > 0) throw otherOptions(`${label} is being loaded with other options`, differing);
  refuseOtherSource(resident, request);
  if (request.sha256 === undefined || request.sha256 === settings.sha256) return;
  throw new AppError('conflict', `${label} is being loaded, and its SHA-256 is not known yet.`, {
    next: 'Ask again when it is loaded, or wait for it.',
  });
}

/** @throws AppError `conflict` */
export function refuseOtherFile(label: string, expected: string, actual: string): void {
  if (actual === expected) return;
  throw new AppError('conflict', `${label} is here already, and its SHA-256 is ${actual}, expected was ${expected}.`, {
    next: 'Correct sha256 in the request; or name another version, or "latest" for the next number.',
    details: { expected, actual },
  });
}

function refuseOtherSource(resident: Resident, request: LoadRequest): void {
  if (request.source === undefined || request.source === resident.settings.source) return;
  throw new AppError('conflict', `${resident.label} comes from another place than this source.`, {
    next: 'Name another version, or "latest" for the next number.',
  });
}

function otherOptions(what: string, names: readonly string[]): AppError {
  return new AppError('conflict', `${what} (${names.join(', ')}).`, {
    next: 'Set force_reload to load it anew with these options; it goes on serving meanwhile.',
  });
}
