interface IdPosition {
  readonly prefix: string;
  /** The id, then what may follow it. Lazy and anchored: the longest known ending is taken off. */
  readonly pattern: RegExp;
}

/** Every route with a model id in it. More specific prefixes come first. */
const POSITIONS: readonly IdPosition[] = [
  {
    prefix: '/v2/models/',
    pattern: /^(.+?)((?:\/versions\/[^/]+)?(?:\/(?:infer|ready|config|stats))?\/?)$/,
  },
  { prefix: '/v2/repository/models/', pattern: /^(.+?)(\/(?:load|unload)\/?)$/ },
  { prefix: '/api/v1/model_serving/models/', pattern: /^(.+?)((?:\/(?:infer|rollback))?\/?)$/ },
  { prefix: '/api/v1/model_serving/health/', pattern: /^(.+?)(\/?)$/ },
  { prefix: '/api/v1/model_serving/health_check/', pattern: /^(.+?)(\/?)$/ },
];

/**
 * Encodes the slashes of a model id, so that it is one path segment for the router:
 * `/v2/models/meta-llama/Llama/infer?x=1` → `/v2/models/meta-llama%2FLlama/infer?x=1`.
 * A URL without a model id, or with one that is encoded already, is returned as it is. Nothing is decoded here, and
 * so nothing can be decoded twice: `..` and the like reach the check of the id as they were written.
 */
export function encodeModelId(url: string): string {
  for (const { prefix, pattern } of POSITIONS) {
    if (url.startsWith(prefix)) return encodeAfter(url, prefix, pattern);
  }
  return url;
}

function encodeAfter(url: string, prefix: string, pattern: RegExp): string {
  const end = url.search(/[?#]/);
  const path = url.slice(prefix.length, end === -1 ? undefined : end);
  const [, id, suffix] = pattern.exec(path) ?? [];
  if (id === undefined || suffix === undefined || !id.includes('/')) return url;
  return prefix + id.replaceAll('/', '%2F') + suffix + (end === -1 ? '' : url.slice(end));
}
