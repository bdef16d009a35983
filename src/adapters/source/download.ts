import { open, statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { FetchProgress } from '../../serving/ports/catalog.ts';
import { hasCode } from './confine.ts';
import { type HttpGetOptions, httpGet } from './http-get.ts';
import { beginPart, type PartFile, readPart, removePart } from './part-file.ts';
import { type BodyPlan, planBody } from './response-plan.ts';
import { noSpace } from './storage-error.ts';
import { showUrl } from './url-policy.ts';

export interface DownloadOptions extends HttpGetOptions {
  readonly maxBytes: number;
  /** Waits between attempts; their number is how often a download that gets nowhere is tried again. */
  readonly retryDelaysMs: readonly number[];
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Whether the whole file's digest will be checked: then a part may be continued without the server's word. */
  readonly isVerified: boolean;
  readonly onProgress: (progress: FetchProgress) => void;
}

/**
 * Downloads to `partPath`, going on from what is there. A failure keeps the part for a later call.
 * @throws AppError `forbidden`, `download_failed`, `request_cancelled`
 */
export async function download(url: URL, partPath: string, options: DownloadOptions): Promise<void> {
  let failures = 0;
  let furthest = (await readPart(partPath)).bytes;
  for (;;) {
    try {
      return await attempt(url, partPath, options);
    } catch (error) {
      const fatal = asFatal(error, options.signal);
      if (fatal !== undefined) throw fatal;
      const { bytes } = await readPart(partPath);
      // Attempts that get further do not count: a long download over a bad line arrives in the end.
      failures = bytes > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, bytes);
      const delayMs = options.retryDelaysMs[failures - 1];
      if (delayMs === undefined) throw gaveUp(url, error, bytes);
      await options.delay(delayMs, options.signal).catch(() => undefined);
      if (options.signal.aborted) throw cancelled(options.signal);
    }
  }
}

async function attempt(url: URL, partPath: string, options: DownloadOptions): Promise<void> {
  options.signal.throwIfAborted();
  const part = await readPart(partPath);
  const response = await httpGet(url, rangeHeaders(part, options.isVerified), options);
  try {
    const plan = planBody(url, response, part);
    if (plan.kind === 'complete') return;
    if (plan.kind === 'restart') {
      await removePart(partPath);
      throw new Error('the server would not continue the file where it stopped');
    }
    await receive(url, response, part.path, plan, options);
  } finally {
    response.destroy();
  }
}

function rangeHeaders(part: PartFile, isVerified: boolean): Record<string, string> {
  if (part.bytes === 0) return {};
  const range = `bytes=${part.bytes}-`;
  if (part.validator !== undefined) return { range, 'if-range': part.validator };
  return isVerified ? { range } : {};
}

async function receive(
  url: URL,
  response: IncomingMessage,
  path: string,
  plan: BodyPlan,
  options: DownloadOptions,
): Promise<void> {
  if (plan.totalBytes !== undefined) {
    if (plan.totalBytes > options.maxBytes) throw tooLarge(url, options.maxBytes);
    await checkSpace(path, plan.totalBytes - plan.offset);
  }
  if (plan.offset === 0) await beginPart(path, plan.validator);
  let bytesDone = plan.offset;
  options.onProgress({ bytesDone, bytesTotal: plan.totalBytes });
  // Chunk by chunk and not by pipeline(), which drops what is on its way when the connection breaks.
  const file = await open(path, 'a');
  try {
    // No encoding is set, so the chunks are buffers.
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (bytesDone + chunk.length > options.maxBytes) throw tooLarge(url, options.maxBytes);
      await file.writeFile(chunk);
      bytesDone += chunk.length;
      options.onProgress({ bytesDone, bytesTotal: plan.totalBytes });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (plan.totalBytes !== undefined && bytesDone !== plan.totalBytes) {
    throw new Error(`the body has ${bytesDone} bytes, ${plan.totalBytes} were announced`);
  }
}

/** Better refused at once than after the hour that it takes to fill the disk. */
async function checkSpace(path: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (neededBytes > bavail * bsize) throw noSpace(path);
}

/** What another attempt can not mend. */
function asFatal(error: unknown, signal: AbortSignal): AppError | undefined {
  if (signal.aborted) return cancelled(signal);
  if (error instanceof AppError) return error;
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) return noSpace('the data directory', error);
  return undefined;
}

export function cancelled(signal: AbortSignal): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  return new AppError('request_cancelled', 'Fetching the model was cancelled.', { cause: signal.reason });
}

function tooLarge(url: URL, maxBytes: number): AppError {
  return new AppError('download_failed', `${showUrl(url)} is larger than the limit of ${maxBytes} bytes.`);
}

function gaveUp(url: URL, error: unknown, bytes: number): AppError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('download_failed', `Downloading ${showUrl(url)} failed: ${reason}.`, {
    cause: error,
    next: bytes > 0 ? `Try again: ${bytes} bytes are kept, and the download goes on from there.` : 'Try again later.',
    details: { bytesDone: bytes },
  });
}
