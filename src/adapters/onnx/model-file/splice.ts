import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { PositionalFile } from './positional-file.ts';
import type { Span } from './wire-reader.ts';

/** A part of a written file: bytes of the original, or new ones. */
export type Piece = Span | Uint8Array;

/** What takes the place of a part of the original. */
export interface Edit {
  readonly span: Span;
  readonly pieces: readonly Piece[];
}

const COPY_BYTES = 1 << 20;

/** The bytes of the original in `span`, edited. Edits lie in it and do not overlap. */
export function splice(span: Span, edits: readonly Edit[]): Piece[] {
  const pieces: Piece[] = [];
  let position = span.start;
  for (const edit of edits.toSorted((a, b) => a.span.start - b.span.start)) {
    pieces.push({ start: position, end: edit.span.start }, ...edit.pieces);
    position = edit.span.end;
  }
  pieces.push({ start: position, end: span.end });
  return pieces;
}

export function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.end - piece.start), 0);
}

/**
 * A new file, on its disk when this returns: what is kept under a digest is believed from then on, and must not be
 * found half empty after a power failure.
 */
export function createFile(path: string, write: (fd: number) => void): void {
  const fd = openSync(path, 'wx');
  try {
    write(fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Has the names of a directory on its disk too. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes pieces one after the other, through a small buffer. */
export function writePieces(file: PositionalFile, pieces: readonly Piece[], fd: number): void {
  let at = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) writeWhole(fd, piece, at);
    else copySpan(file, piece, fd, at);
    at += lengthOf([piece]);
  }
}

/** Copies bytes of the original to position `at`. */
export function copySpan(file: PositionalFile, span: Span, fd: number, at: number): void {
  for (let position = span.start; position < span.end; position += COPY_BYTES) {
    const bytes = file.bytes(position, Math.min(span.end, position + COPY_BYTES));
    writeWhole(fd, bytes, at + position - span.start);
  }
}

function writeWhole(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}
