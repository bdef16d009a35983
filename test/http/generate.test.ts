import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { apiTableMarkdown } from '../../scripts/generate/api-table.ts';
import { openApiDocument } from '../../scripts/generate/open-api-document.ts';
import { replaceGenerated } from '../../scripts/generate/replace-generated.ts';

describe('the generated OpenAPI document', () => {
  it('in the repository is what the code says', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    const present: unknown = JSON.parse(await readFile('openapi/openapi.json', 'utf8'));
    expect(present).toEqual(JSON.parse(JSON.stringify(await openApiDocument(version))));
  });
});

describe('the API table', () => {
  it('has a row for each operation', () => {
    const paths = { '/a': { get: { summary: 'Reads a' }, post: { summary: 'Makes a' } }, '/b/{id}': { delete: {} } };
    expect(apiTableMarkdown({ paths }).split('\n')).toEqual([
      '| call | what it does |',
      '|---|---|',
      '| `GET /a` | Reads a |',
      '| `POST /a` | Makes a |',
      '| `DELETE /b/{id}` |  |',
    ]);
  });
});

describe('a generated part of a text', () => {
  const text = 'before\n<!-- generated:api -->\nold\nlines\n<!-- /generated:api -->\nafter\n';

  it('is replaced between its markers, and only there', () => {
    expect(replaceGenerated(text, { api: 'new $& $1' })).toBe(text.replace('old\nlines', () => 'new $& $1'));
  });

  it('is the same when it is generated again', () => {
    const once = replaceGenerated(text, { api: 'new' });
    expect(replaceGenerated(once, { api: 'new' })).toBe(once);
  });

  it('can be empty before', () => {
    const empty = '<!-- generated:api -->\n<!-- /generated:api -->';
    expect(replaceGenerated(empty, { api: 'new' })).toBe('<!-- generated:api -->\nnew\n<!-- /generated:api -->');
  });

  it('must be known and closed', () => {
    expect(() => replaceGenerated(text, {})).toThrow('"api"');
    expect(() => replaceGenerated('<!-- generated:api -->\nold', { api: 'new' })).toThrow('not closed');
    const crossed = '<!-- generated:api -->\nold\n<!-- /generated:config -->';
    expect(() => replaceGenerated(crossed, { api: 'new' })).toThrow('not closed');
  });
});
