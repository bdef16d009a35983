import type { RouteDependencies } from './options.ts';

/** Why this server is to get no traffic now, or undefined. */
export function whyNotReady({ serving, options }: RouteDependencies): string | undefined {
  return serving.notReadyReason() ?? (options.isDraining() ? 'the server is draining' : undefined);
}
