import type { IncomingMessage } from 'node:http';
import { AppError } from '../../core/errors.ts';
import type { PartFile } from './part-file.ts';
import { showUrl } from './url-policy.ts';

/** What to do with a body: write it from `offset` on. */
export interface BodyPlan {
  readonly kind: 'write';
  readonly offset: number;
  /** Bytes of the whole file; undefined when the server does not say. */
  readonly totalBytes: number | undefined;
  readonly validator: string | undefined;
}

/** `complete`: the part is the whole file. `restart`: the part does not fit to what the server has. */
export type ResponsePlan = BodyPlan | { readonly kind: 'complete' } | { readonly kind: 'restart' };

/** Statuses after which another attempt may succeed; 5xx besides. */
const PASSING: readonly number[] = [408, 425, 429];

/**
 * Reads status and headers of the answer to a GET that may have asked for a range (RFC 9110, sections 14 and 15).
 * @throws AppError `download_failed` when another attempt would not help; Error when it may
 */
export function planBody(url: URL, response: IncomingMessage, part: PartFile): ResponsePlan {
  const status = response.statusCode ?? 0;
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AppError('download_failed', `${showUrl(url)} is sent as ${encoding} although that was not asked for.`);
  }
  if (status === 200) {
    const totalBytes = asBytes(response.headers['content-length']);
    return { kind: 'write', offset: 0, totalBytes, validator: validatorOf(response) };
  }
  if (status === 206) return planRange(response, part);
  if (status === 416 && part.bytes > 0) {
    // Nothing after the last byte that is here: the part is the whole file, unless that has another size by now.
    return { kind: contentRange(response)?.totalBytes === part.bytes ? 'complete' : 'restart' };
  }
  const answer = `${status} ${response.statusMessage ?? ''}`.trim();
  if (status >= 500 || PASSING.includes(status)) throw new Error(`the server answered ${answer}`);
  throw new AppError('download_failed', `${showUrl(url)} answered ${answer}.`, {
    next: 'Check the URL in source.',
    details: { upstreamStatus: status },
  });
}

function planRange(response: IncomingMessage, part: PartFile): ResponsePlan {
  const range = contentRange(response);
  if (range?.start !== part.bytes) return { kind: 'restart' };
  return { kind: 'write', offset: part.bytes, totalBytes: range.totalBytes, validator: part.validator };
}

/** A strong entity tag, or else the date: `If-Range` takes nothing weak. */
function validatorOf(response: IncomingMessage): string | undefined {
  const { etag } = response.headers;
  return etag !== undefined && !etag.startsWith('W/') ? etag : response.headers['last-modified'];
}

function contentRange(
  response: IncomingMessage,
): { readonly start: number | undefined; readonly totalBytes: number | undefined } | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
  return match === null ? undefined : { start: asBytes(match[1]), totalBytes: asBytes(match[2]) };
}

function asBytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
