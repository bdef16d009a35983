import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { AppError } from '../../core/errors.ts';
import { showUrl, type UrlPolicy } from './url-policy.ts';
import { type ResolveHost, verifiedLookup } from './verified-lookup.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

export interface HttpGetOptions {
  readonly policy: UrlPolicy;
  readonly resolveHost: ResolveHost;
  /** A connection that is silent for so long is given up. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * The response to a GET, its body unread, after redirects. Every hop is checked against the policy, and every
 * connection goes to a checked address.
 * @throws AppError `forbidden`, `download_failed` for a redirect that leads nowhere; other errors are the network's
 */
export async function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: HttpGetOptions,
): Promise<IncomingMessage> {
  let at = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    options.policy.admit(at);
    const response = await getOnce(at, headers, options);
    if (!REDIRECTS.includes(response.statusCode)) return response;
    response.destroy();
    at = redirectTarget(at, response.headers.location);
  }
  throw new AppError('download_failed', `${showUrl(url)} redirects more than ${MAX_REDIRECTS} times.`);
}

function redirectTarget(from: URL, location: string | undefined): URL {
  const target = location === undefined ? null : URL.parse(location, from.href);
  if (target === null) throw new AppError('download_failed', `${showUrl(from)} redirects without saying where to.`);
  return target;
}

function getOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { policy, resolveHost, idleTimeoutMs, signal }: HttpGetOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      // A connection of its own: a shared one may go to an address that was checked for another entry.
      agent: false,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'echoserve', ...headers },
      lookup: verifiedLookup(policy, resolveHost),
      signal,
      timeout: idleTimeoutMs,
    });
    let response: IncomingMessage | undefined;
    request.on('timeout', () => (response ?? request).destroy(new Error(`no data came for ${idleTimeoutMs} ms`)));
    request.on('response', (message) => {
      response = message;
      resolve(message);
    });
    request.on('error', reject);
    request.end();
  });
}
