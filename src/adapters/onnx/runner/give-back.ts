import type { Tensor } from '../../../core/tensor/datatype.ts';

/** Shorter ones are many, and cost nobody anything until they are collected. */
const FROM_BYTES = 16 * 1024;

/**
 * Frees memory outside of V8's heap at once. Left to the garbage collector it would wait for a collection, which what is
 * outside of the heap hardly hastens: a runner that is given bodies of 600 kB was seen to gather 45 MB of them.
 * Whatever still views it is empty afterwards.
 */
export function giveBack(bytes: ArrayBufferView): void {
  const { buffer } = bytes;
  // A short view may be of a pool that others have pieces of.
  if (!(buffer instanceof ArrayBuffer) || buffer.detached || bytes.byteLength < FROM_BYTES) return;
  buffer.transfer(0);
}

/** The same for tensors that nobody needs any more. */
export function giveBackTensors(tensors: readonly Tensor[]): void {
  for (const { data } of tensors) if (ArrayBuffer.isView(data)) giveBack(data);
}
