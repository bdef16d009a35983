import { describe, expect, it } from 'vitest';
import { ResponseReader } from '../../../benchmarks/load/response-reader.ts';

const response = (status: number, body: string): string =>
  `HTTP/1.1 ${status} Whatever\r\nServer: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function statusesOf(chunks: readonly string[]): number[] {
  const statuses: number[] = [];
  const reader = new ResponseReader((status) => statuses.push(status));
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return statuses;
}

describe('reading responses', () => {
  it('finds each of several in one chunk', () => {
    expect(statusesOf([response(200, 'hello') + response(503, '') + response(200, 'x')])).toEqual([200, 503, 200]);
  });

  it('finds the same wherever the stream is cut', () => {
    const stream = response(200, 'a body with\r\n\r\nan empty line') + response(404, 'no');
    for (let at = 0; at <= stream.length; at += 1) {
      expect(statusesOf([stream.slice(0, at), stream.slice(at)])).toEqual([200, 404]);
    }
    expect(statusesOf([...stream])).toEqual([200, 404]);
  });

  it('does not report a response whose body is not all there', () => {
    expect(statusesOf([response(200, 'hello').slice(0, -1)])).toEqual([]);
  });

  it('keeps nothing of a chunk that its owner overwrites', () => {
    const bytes = Buffer.from(response(200, 'hello'));
    const shared = Buffer.alloc(20);
    const statuses: number[] = [];
    const reader = new ResponseReader((status) => statuses.push(status));
    for (let at = 0; at < bytes.length; at += shared.length) {
      reader.push(shared.subarray(0, bytes.copy(shared, 0, at)));
      shared.fill(0);
    }
    expect(statuses).toEqual([200]);
  });

  it('refuses a response that does not say how long it is', () => {
    expect(() => statusesOf(['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'])).toThrow('content length');
  });
});
