import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { errorOf, SourceFixture, sha256 } from './fixture.ts';

let fixture: SourceFixture;
beforeEach(async () => {
  fixture = await SourceFixture.create();
  await mkdir(fixture.repository);
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(fixture.base, path)), { recursive: true });
    await writeFile(join(fixture.base, path), content);
  }
}

const versionDir = () => join(fixture.dataDir, 'models/org/iris/1');

describe('a local source', () => {
  it('that is a file is copied alone', async () => {
    await put({ 'repository/incoming/v1.onnx': 'model', 'repository/incoming/v1.onnx.data': 'weights' });
    const path = join(fixture.repository, 'incoming/v1.onnx');
    const version = await fixture.fetch(fixture.source(), path, { sha256: sha256('model') });
    expect(version.origin).toBe('data');
    expect(await readdir(versionDir())).toEqual(['.source.json', 'model.onnx']);
    expect(version.source).toBe(path);
    expect(await readFile(version.modelPath, 'utf8')).toBe('model');
    expect(fixture.progress.at(-1)).toEqual({ bytesDone: 5, bytesTotal: 5 });
  });

  it('that is a folder is copied with what is beside the model', async () => {
    await put({
      'repository/incoming/model.onnx': 'model',
      'repository/incoming/weights.bin': 'weights',
      'repository/incoming/data/more.bin': 'more',
      'repository/incoming/model.json': '{"options": {"warm_up_runs": 0}}',
      'repository/incoming/.git/config': 'hidden',
      'repository/incoming/.source.json': '{"source": "https://elsewhere.example/"}',
    });
    const version = await fixture.fetch(fixture.source(), join(fixture.repository, 'incoming'));
    const files = (await readdir(versionDir())).filter((name) => !name.startsWith('.'));
    expect(files.sort()).toEqual(['data', 'model.json', 'model.onnx', 'weights.bin']);
    expect(version.source).toBe(join(fixture.repository, 'incoming'));
    expect(await readFile(join(versionDir(), 'data/more.bin'), 'utf8')).toBe('more');
    expect(version.manifest.options).toEqual({ warmUpRuns: 0 });
  });

  it('counts from the first allowed root when it is relative', async () => {
    await put({ 'repository/incoming/v1.onnx': 'model' });
    const version = await fixture.fetch(fixture.source(), 'incoming/v1.onnx');
    expect(await readFile(version.modelPath, 'utf8')).toBe('model');
  });

  it.each(['../outside/model.onnx', '/etc/passwd', '/', '..', 'a\0b.onnx'])(
    'outside the roots (%j) is forbidden, whether it exists or not',
    async (source) => {
      const error = await errorOf(fixture.fetch(fixture.source(), source));
      expect(error.code).toBe('forbidden');
      expect(error.next).toContain('--allow-source-root');
    },
  );

  it('is forbidden altogether without roots', async () => {
    expect((await errorOf(fixture.fetch(fixture.source({ allowedRoots: [] }), '/x.onnx'))).code).toBe('forbidden');
  });

  it('can not leave the roots by a symbolic link', async () => {
    await put({ 'outside/model.onnx': 'secret', 'repository/folder/model.onnx': 'model' });
    await symlink(join(fixture.base, 'outside'), join(fixture.repository, 'link'));
    await symlink(join(fixture.base, 'outside/model.onnx'), join(fixture.repository, 'link.onnx'));
    await symlink(join(fixture.base, 'outside/model.onnx'), join(fixture.repository, 'folder/weights.bin'));
    const source = fixture.source();
    expect((await errorOf(fixture.fetch(source, 'link/model.onnx'))).code).toBe('forbidden');
    expect((await errorOf(fixture.fetch(source, 'link.onnx'))).code).toBe('forbidden');
    expect((await errorOf(fixture.fetch(source, 'link'))).code).toBe('forbidden');
    expect((await errorOf(fixture.fetch(source, 'folder'))).message).toContain('weights.bin');
    expect((await fixture.catalog.list()).versions).toEqual([]);
  });

  it('may use a symbolic link within the roots, and roots that are links themselves', async () => {
    await put({ 'real/blobs/abc': 'model' });
    await symlink(join(fixture.base, 'real'), join(fixture.base, 'alias'));
    await symlink(join(fixture.base, 'real/blobs'), join(fixture.base, 'real/models'));
    await writeFile(join(fixture.base, 'real/blobs/v1.onnx'), 'model');
    const source = fixture.source({ allowedRoots: [join(fixture.base, 'alias')] });
    const version = await fixture.fetch(source, join(fixture.base, 'alias/models/v1.onnx'));
    expect(await readFile(version.modelPath, 'utf8')).toBe('model');
  });

  it.each([
    ['absent.onnx', 'no such file'],
    ['notes.txt', 'neither a .onnx file nor a folder'],
    ['empty', 'it has no model.onnx'],
  ])('that is no model (%s) is refused with the reason', async (source, reason) => {
    await put({ 'repository/notes.txt': 'x', 'repository/empty/readme': 'x' });
    const error = await errorOf(fixture.fetch(fixture.source(), source));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain(reason);
  });

  it('with another digest or a bad manifest leaves nothing behind', async () => {
    await put({ 'repository/a/model.onnx': 'model', 'repository/a/model.json': '{"unknown": 1}' });
    const wrong = await errorOf(fixture.fetch(fixture.source(), 'a', { sha256: sha256('other') }));
    expect(wrong.code).toBe('model_unloadable');
    const bad = await errorOf(fixture.fetch(fixture.source(), 'a'));
    expect(bad.code).toBe('model_unloadable');
    expect(bad.message).toContain('"unknown"');
    expect(await readdir(join(fixture.dataDir, 'downloads'))).toEqual([]);
    expect(await readdir(fixture.dataDir)).toEqual(['downloads']);
  });

  it('with a digest that is none, or an unknown scheme, is a bad request', async () => {
    const source = fixture.source();
    expect((await errorOf(fixture.fetch(source, 'a', { sha256: 'abc' }))).code).toBe('invalid_request');
    expect((await errorOf(fixture.fetch(source, 's3://bucket/a.onnx'))).code).toBe('invalid_request');
  });

  it('can be cancelled', async () => {
    await put({ 'repository/v1.onnx': 'model' });
    const error = await errorOf(fixture.fetch(fixture.source(), 'v1.onnx', { signal: AbortSignal.abort() }));
    expect(error.code).toBe('request_cancelled');
  });
});

describe('discarding', () => {
  const iris = parseModelId('org/iris');

  it('removes the version and the folders that it leaves empty', async () => {
    await put({ 'repository/v1.onnx': 'model' });
    const source = fixture.source();
    await fixture.fetch(source, 'v1.onnx');
    await fixture.fetch(source, 'v1.onnx', { version: '2' });
    await source.discard(iris, parseVersion('1'));
    expect((await fixture.catalog.find(iris)).map((version) => version.version)).toEqual(['2']);
    await source.discard(iris, parseVersion('2'));
    expect(await readdir(join(fixture.dataDir, 'models'))).toEqual([]);
    expect(await readdir(join(fixture.dataDir, 'downloads'))).toEqual([]);
  });

  it('has nothing to do for a version of the repository', async () => {
    await put({ 'repository/org/iris/1/model.onnx': 'model' });
    await fixture.source().discard(iris, parseVersion('1'));
    expect(await fixture.catalog.find(iris)).toHaveLength(1);
  });
});

describe('what a killed server left in the downloads', () => {
  it('is cleared, but for the parts of the last week', async () => {
    await put({
      'data/downloads/a.staging/model.onnx': 'x',
      'data/downloads/b.trash/model.onnx': 'x',
      'data/downloads/fresh.part': 'x',
      'data/downloads/old.part': 'x',
      'repository/v1.onnx': 'model',
    });
    await utimes(join(fixture.dataDir, 'downloads/old.part'), new Date(0), new Date(0));
    await fixture.fetch(fixture.source(), 'v1.onnx');
    expect(await readdir(join(fixture.dataDir, 'downloads'))).toEqual(['fresh.part']);
  });
});
