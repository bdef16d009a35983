import fc from 'fast-check';
import { inferenceBody, loadBody } from './fuzzed-bodies.ts';

/** A request with every byte of its body announced, so that the server can always answer it. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Its bytes on the wire. */
export function wireBytes({ method, path, headers, body }: FuzzedRequest): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    `Content-Length: ${body.length}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

const words = (text: string) => fc.constantFrom(...text.split(' '));

const numericHeader = fc.tuple(
  words('Inference-Header-Content-Length X-Request-Timeout-Ms X-Request-Priority'),
  fc.constantFrom('0', '1', '30', '-1', '1e3', '99999999999999999999', ' 12', '0x10', '', '007'),
);
const encodingHeader = fc.tuple(
  words('Content-Encoding Accept-Encoding'),
  fc.constantFrom('gzip', 'deflate', 'br', 'gzip;q=0', '*', 'gzip, deflate', ''),
);
const typeHeader = fc.tuple(
  fc.constant('Content-Type'),
  words('application/json application/octet-stream text/plain / ;; multipart/form-data'),
);
const textHeader = fc.tuple(
  words('X-Request-Id Traceparent X-Model-Version Authorization Origin Cookie Upgrade Range If-None-Match __proto__'),
  fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,60}$/),
);
const header = fc.oneof(
  { weight: 5, arbitrary: numericHeader },
  { weight: 5, arbitrary: encodingHeader },
  { weight: 5, arbitrary: typeHeader },
  { weight: 5, arbitrary: textHeader },
  { weight: 1, arbitrary: fc.tuple(fc.constant('Expect'), fc.constantFrom('100-continue', '200-ok')) },
);
const headers = fc.array(header, { maxLength: 3 });

/** Inferences of every degree of wrongness, to these models. */
export function inferences(models: readonly string[]): fc.Arbitrary<FuzzedRequest> {
  const forms = [
    '/v2/models/MODEL/infer',
    '/v2/models/MODEL/versions/1/infer',
    '/api/v1/model_serving/models/MODEL/infer',
  ];
  const path = fc
    .tuple(fc.constantFrom(...models), fc.constantFrom(...forms))
    .map(([model, form]) => form.replace('MODEL', model));
  return fc.record({ method: fc.constant('POST'), path, headers, body: inferenceBody });
}

const method = words('GET POST PUT DELETE PATCH OPTIONS HEAD TRACE PROPFIND SEARCH QUERY');
const knownPath = words(
  '/v2/models/nothing /v2/repository/models/nothing/load /v2/repository/models/nothing/unload /v2/repository/index ' +
    '/api/v1/model_serving/load /api/v1/model_serving/models/nothing /api/v1/model_serving/health_check/nothing ' +
    '/api/v1/model_serving/status /health /docs/json /v2/models/stats /metrics',
);
const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: words(
      'v2 api v1 model_serving models nothing repository index versions 1 latest infer ready config stats load unload ' +
        'health health_check status metrics livez docs json .. . %2F %00 %2e%2e % %ff %E2%82%AC * __proto__ constructor',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'a'.repeat(300)) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~\x80-\xff]{0,20}$/) },
);
const madeUpPath = fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join('/')}`);
const query = fc.oneof(fc.constant(''), fc.stringMatching(/^\?[!-~]{0,30}$/));

/** Requests to everything, real and made up. None of them changes the models that `inferences` goes to. */
export const anyRequests: fc.Arbitrary<FuzzedRequest> = fc.record({
  method,
  path: fc.tuple(fc.oneof(knownPath, madeUpPath), query).map((parts) => parts.join('')),
  headers,
  body: fc.oneof(loadBody, inferenceBody, fc.constant(new Uint8Array())),
});
