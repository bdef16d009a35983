/**
 * Tells that a caller no longer waits. AbortSignal is one. A request has a lighter one: every AbortSignal costs two
 * objects that the garbage collector has to ask about, which was a sixth of what a small request cost the front.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Told once at most, and not where it is aborted already. */
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
