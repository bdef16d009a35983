import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelIdFault, RESERVED_LAST_SEGMENTS } from '../../src/core/model/model-id.ts';
import { encodeModelId } from '../../src/http/plugins/model-id-url.ts';

const segment = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/)
  .filter((text) => !RESERVED_LAST_SEGMENTS.includes(text));
const modelId = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));

const forms = [
  { prefix: '/v2/models/', suffixes: ['', '/ready', '/infer', '/config', '/stats'], hasVersion: true },
  { prefix: '/v2/repository/models/', suffixes: ['/load', '/unload'], hasVersion: false },
  { prefix: '/api/v1/model_serving/models/', suffixes: ['', '/infer', '/rollback'], hasVersion: false },
  { prefix: '/api/v1/model_serving/health/', suffixes: [''], hasVersion: false },
  { prefix: '/api/v1/model_serving/health_check/', suffixes: [''], hasVersion: false },
];
const position = fc.constantFrom(...forms).chain(({ prefix, suffixes, hasVersion }) =>
  fc.record({
    prefix: fc.constant(prefix),
    suffix: fc.constantFrom(...suffixes),
    version: hasVersion ? fc.option(segment, { nil: undefined }) : fc.constant(undefined),
    query: fc.constantFrom('', '?version=1', '?a=/v2/models/x/y/infer', '#top'),
  }),
);

describe('the URL of a model', () => {
  it('is the same with raw and with encoded slashes, on every route', () => {
    fc.assert(
      fc.property(modelId, position, (id, { prefix, suffix, version, query }) => {
        const tail = `${version === undefined ? '' : `/versions/${version}`}${suffix}${query}`;
        const encoded = prefix + encodeURIComponent(id) + tail;
        expect(encodeModelId(prefix + id + tail)).toBe(encoded);
        expect(encodeModelId(encoded)).toBe(encoded);
      }),
    );
  });

  it('changes nothing but slashes of the path, whatever the URL', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...forms.map((form) => form.prefix), '/', '/docs/'),
        fc.string({ unit: 'binary-ascii', maxLength: 60 }),
        (prefix, rest) => {
          const rewritten = encodeModelId(prefix + rest);
          expect(rewritten.replaceAll('%2F', '/')).toBe((prefix + rest).replaceAll('%2F', '/'));
          const end = (text: string) => text.slice(text.search(/[?#]|$/));
          expect(end(rewritten)).toBe(end(prefix + rest));
        },
      ),
    );
  });

  it('is rewritten only once', () => {
    fc.assert(
      fc.property(fc.constantFrom(...forms.map((form) => form.prefix)), fc.webPath(), (prefix, rest) => {
        const once = encodeModelId(prefix + rest);
        expect(encodeModelId(once)).toBe(once);
      }),
    );
  });

  it.each([
    ['/v2/models/a/../b/infer', '/v2/models/a%2F..%2Fb/infer'],
    ['/v2/models/%2e%2e/b', '/v2/models/%2e%2e%2Fb'],
    ['/v2/models/a%252Fb/ready', '/v2/models/a%252Fb/ready'],
    ['/v2/models/a//b', '/v2/models/a%2F%2Fb'],
    ['/v2/models/a/b/', '/v2/models/a%2Fb/'],
    ['/v2/models/a/versions/1/b/infer', '/v2/models/a%2Fversions%2F1%2Fb/infer'],
    ['/v2/models/', '/v2/models/'],
    ['/v2/models/stats', '/v2/models/stats'],
    ['/v2/repository/index', '/v2/repository/index'],
    ['/api/v1/model_serving/status', '/api/v1/model_serving/status'],
    ['http://host/v2/models/a/b', 'http://host/v2/models/a/b'],
  ])('of %s is %s', (url, expected) => {
    expect(encodeModelId(url)).toBe(expected);
  });

  it('leaves what is no id for the check of the id to refuse', () => {
    for (const text of ['a/../b', '../b', 'a//b', 'a/%2e%2e']) {
      const rewritten = encodeModelId(`/v2/models/${text}`);
      expect(modelIdFault(decodeURIComponent(rewritten.slice('/v2/models/'.length)))).toBeDefined();
    }
  });
});
