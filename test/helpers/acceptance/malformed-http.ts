import fc from 'fast-check';
import { anyBytes, encode } from './fuzzed-bodies.ts';

const start = fc.constantFrom(
  'GET / HTTP/1.1',
  'POST /v2/models/echo/infer HTTP/1.1',
  'GET /v2 HTTP/9.9',
  'GET /v2',
  'get / http/1.1',
  'PRI * HTTP/2.0',
  'CONNECT 10.0.0.1:80 HTTP/1.1',
  'POST http://other/v2 HTTP/1.1',
  'GET  / HTTP/1.1',
  '\0',
  '',
);

const line = fc.oneof(
  { weight: 3, arbitrary: fc.constant('Host: localhost') },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'Content-Length: 5',
      'Content-Length: 5, 6',
      'Content-Length: -1',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip, chunked',
      'Connection: upgrade',
      'Upgrade: websocket',
      'Expect: 100-continue',
      ': nothing',
      'no colon',
      ' folded',
      'A\0B: c',
      `Long: ${'x'.repeat(20_000)}`,
    ),
  },
  { weight: 1, arbitrary: anyBytes.map((bytes) => Buffer.from(bytes.subarray(0, 40)).toString('latin1')) },
);

const rest = fc.oneof(
  anyBytes,
  fc
    .constantFrom(
      'hello',
      '5\r\nhello\r\n0\r\n\r\n',
      'ffffffffff\r\n',
      '-1\r\n',
      '0\r\nTrailer: x\r\n\r\n',
      'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n',
    )
    .map(encode),
);

const lineEnd = fc.oneof(
  { weight: 6, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r') },
);

const nearlyHttp = fc
  .tuple(start, fc.array(line, { maxLength: 4 }), lineEnd, rest)
  .map(([first, lines, end, tail]) =>
    Buffer.concat([Buffer.from([first, ...lines, '', ''].join(end), 'latin1'), tail]),
  );

/** What hardly is HTTP, or is not. */
export const malformedHttp: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: nearlyHttp },
  { weight: 1, arbitrary: anyBytes.map((bytes) => Buffer.from(bytes)) },
);
