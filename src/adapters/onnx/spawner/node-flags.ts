/**
 * Node's flags for V8 to give its helper threads nothing to do; of those it starts one at least. A process whose threads
 * wake each other, as at its start, was seen to keep the front from its processor for 30 ms at a time, whatever the
 * priorities (docs/adr/0005).
 */
export const ALONE_ON_ITS_THREAD: readonly string[] = ['--single-threaded', '--v8-pool-size=0'];
