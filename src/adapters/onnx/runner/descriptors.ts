/** Descriptors that a runner inherits. */
export const CONTROL_FD = 3;
export const REQUEST_ARENA_FD = 4;
export const RESPONSE_ARENA_FD = 5;
