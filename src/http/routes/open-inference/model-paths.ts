/** A route about a model is there twice: for the version that serves, and for a named one. */
export const MODEL_PATHS = [
  { path: '/models/:model_id', hasVersion: false },
  { path: '/models/:model_id/versions/:version', hasVersion: true },
] as const;
