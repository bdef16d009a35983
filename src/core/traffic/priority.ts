/** Urgency of a request that names none. Smaller is more urgent. */
export const DEFAULT_PRIORITY = 100;
