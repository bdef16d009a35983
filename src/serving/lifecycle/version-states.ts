import type { VersionState } from '../overview/views.ts';

export type VersionEvent = 'load' | 'loaded' | 'load_failed' | 'abandon' | 'crash_looped' | 'drain' | 'drained';

/**
 * The life of one resident instance. A version that is loaded again is a new instance with a life of its own,
 * so `absent` and `failed` lead back to nothing.
 */
export const TRANSITIONS: Readonly<Record<VersionState, Readonly<Partial<Record<VersionEvent, VersionState>>>>> = {
  absent: { load: 'loading' },
  loading: { loaded: 'ready', load_failed: 'failed', abandon: 'absent' },
  ready: { drain: 'draining', crash_looped: 'failed' },
  // What crashes while it drains has nothing left to tell anybody: it goes on to its end.
  draining: { drained: 'absent', crash_looped: 'draining' },
  failed: { drain: 'draining' },
};

/** The state after `event`, or undefined where the event has no meaning. */
export function nextState(state: VersionState, event: VersionEvent): VersionState | undefined {
  return TRANSITIONS[state][event];
}
