import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileServer } from '../helpers/acceptance/file-server.ts';
import { Home, Server } from '../helpers/acceptance/server.ts';
import { patiently, statusOf, unload, until, versionOf } from '../helpers/acceptance/views.ts';
import { addOne, bigMlp, withExternalData } from '../helpers/onnx/models.ts';

const MODEL = bigMlp(2 ** 22);
const SHA256 = createHash('sha256').update(MODEL).digest('hex');
const zeros = [{ name: 'x', shape: [1, 1024], datatype: 'FP32', data: Array(1024).fill(0) }];

let home: Home;
let files: FileServer;
let server: Server;

const start = () =>
  Server.start({ home, args: ['--allow-source-root', home.dir, '--allow-source-url', `${files.url}/models/`] });

beforeAll(async () => {
  home = new Home();
  files = await FileServer.start(MODEL);
  server = await start();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const answers = async (modelId: string) => {
  expect(await server.infer(modelId, zeros)).toMatchObject({ status: 200, body: { outputs: [{ data: [0] }] } });
};

describe('a source that is a path', () => {
  test('becomes the next version, kept in the data directory', async () => {
    const first = home.write('incoming/first.onnx', addOne());
    expect(await server.load('by-path', { source: first })).toMatchObject({
      status: 200,
      body: { version: '1', serving: true, source: first },
    });
    // Copied: what becomes of the original is nobody's concern.
    home.remove('incoming/first.onnx');
    const second = home.write('incoming/second.onnx', addOne());
    expect(await server.load('by-path', { source: second })).toMatchObject({
      status: 200,
      body: { version: '2', serving: false },
    });
    expect(existsSync(join(home.data, 'models/by-path/1/model.onnx'))).toBe(true);
  });

  test('may be a folder with external data', async () => {
    const folder = join(home.dir, 'incoming/parts');
    mkdirSync(folder, { recursive: true });
    withExternalData(folder);
    expect((await server.load('in-parts', { source: folder })).status).toBe(200);
    const inputs = [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }];
    expect(await server.infer('in-parts', inputs)).toMatchObject({
      status: 200,
      body: { outputs: [{ shape: [1, 3] }] },
    });
  });

  test('asked for twice at once is one version', async () => {
    const source = home.write('incoming/twice.onnx', addOne());
    const loads = await Promise.all([server.load('twice', { source }), server.load('twice', { source })]);
    expect(loads.map(({ body }) => body['version'])).toEqual(['1', '1']);
  });
});

describe('what is in the data directory', () => {
  const kept = (path: string) => existsSync(join(home.data, 'models', path));

  test('is not lost by a load that is refused', async () => {
    const source = home.write('incoming/kept.onnx', addOne());
    expect((await server.load('kept', { source })).status).toBe(200);
    home.write('data/models/kept/1/probes/note.txt', 'not a probe');
    const nested = await server.load('kept/1', { version: 'probes', source: 'https://nowhere.example/x' });
    expect(nested.status).toBe(409);
    expect((await server.load('kept/1', { source: 'https://nowhere.example/x' })).status).toBe(403);
    expect(kept('kept/1/probes/note.txt')).toBe(true);

    home.write('data/models/kept/1/model.json', '{"typo": 1}');
    expect((await unload(server, 'kept')).status).toBe(200);
    const over = await server.load('kept', { version: '1', source: 'https://nowhere.example/x' });
    expect(over).toMatchObject({ status: 409, body: { detail: expect.stringContaining('not listed') } });
    expect(await server.load('kept', { source })).toMatchObject({ status: 200, body: { version: '2' } });
    expect(kept('kept/1/model.onnx')).toBe(true);
  });

  test('is loaded by the request that brought it, also after the server was killed in between', async () => {
    const source = home.write('incoming/interrupted.onnx', addOne());
    const interrupted = server.load('interrupted', { version: '1', source }).catch(() => undefined);
    while (!kept('interrupted/1/model.onnx')) await new Promise((resolve) => setImmediate(resolve));
    await server.stop('SIGKILL');
    await interrupted;
    server = await start();
    expect(await server.load('interrupted', { version: '1', source })).toMatchObject({
      status: 200,
      body: { version: '1', source, serving: true },
    });
  });

  test('stays what a request expects it to be', async () => {
    const source = home.write('incoming/digest.onnx', MODEL);
    const request = { version: '1', source };
    expect((await server.load('digest', { ...request, sha256: SHA256 })).status).toBe(200);
    const other = { ...request, sha256: 'ab'.repeat(32) };
    expect(await server.load('digest', other)).toMatchObject({ status: 409, body: { actual: SHA256 } });
    expect((await server.load('digest', { ...request, sha256: SHA256 })).body['cache_hit']).toBe(true);
    expect((await unload(server, 'digest')).status).toBe(200);
    expect(await server.load('digest', other)).toMatchObject({ status: 409, body: { actual: SHA256 } });
    expect((await server.load('digest', { ...request, sha256: SHA256 })).status).toBe(200);
  });
});

describe('a source that is a URL', () => {
  test('is downloaded where the list of allowed ones has it, and nowhere else', async () => {
    const asked = files.ranges.length;
    for (const source of [
      `${files.url}/other/m.onnx`,
      `${files.url.replace('127.0.0.1', 'localhost')}/models/m.onnx`,
    ]) {
      expect(await server.load('refused', { source })).toMatchObject({
        status: 403,
        body: { next: expect.stringContaining('--allow-source-url') },
      });
    }
    expect(files.ranges).toHaveLength(asked);
    const source = `${files.url}/models/m.onnx`;
    expect(await server.load('by-url', { source, sha256: SHA256 })).toMatchObject({
      status: 200,
      body: { version: '1', source, digest: expect.any(String) },
    });
    await answers('by-url');
  });

  test('with another digest than it should have is refused and not kept', async () => {
    const refused = await server.load('altered', { source: `${files.url}/models/m.onnx`, sha256: 'ab'.repeat(32) });
    expect(refused).toMatchObject({ status: 422, body: { actual: SHA256 } });
    expect(existsSync(join(home.data, 'models/altered'))).toBe(false);
  });

  test('shows how far it is', async () => {
    files.interrupt('wait');
    const begun = await server.load('watched', { source: `${files.url}/models/watched.onnx`, wait: false });
    expect(begun).toMatchObject({ status: 202, body: { state: 'loading' } });
    const under = await until(server, 'watched', ({ progress }) => {
      expect(progress).toMatchObject({ phase: 'fetching', bytes_total: MODEL.length });
      expect(progress?.bytes_done).toBe(Math.floor(MODEL.length / 2));
    });
    expect(under.state).toBe('loading');
    expect((await statusOf(server)).overview['loading_versions']).toBe(1);
    files.resume();
    await until(server, 'watched', ({ state }) => expect(state).toBe('ready'));
    expect((await versionOf(server, 'watched')).progress).toBeNull();
    await answers('watched');
  });

  test('that is cut off goes on from where it was', async () => {
    const asked = files.ranges.length;
    files.interrupt('cut', 'cut');
    expect((await server.load('cut', { source: `${files.url}/models/cut.onnx`, sha256: SHA256 })).status).toBe(200);
    const [first, second, third] = files.ranges.slice(asked);
    expect(first).toBeUndefined();
    expect(second).toMatch(/^bytes=[1-9]\d*-$/);
    expect(third).toMatch(/^bytes=[1-9]\d*-$/);
    await answers('cut');
  });

  test('that is on its way can be given up, and leaves nothing', async () => {
    files.interrupt('wait');
    const load = server.load('given-up', { source: `${files.url}/models/given-up.onnx` });
    await until(server, 'given-up', ({ progress }) => expect(progress?.bytes_done).toBeGreaterThan(0));
    expect((await unload(server, 'given-up')).status).toBe(200);
    expect(await load).toMatchObject({ status: 409 });
    expect((await server.request('/api/v1/model_serving/models/given-up')).status).toBe(404);
  });

  test('goes on after the server was killed in the middle, and serves after a restart', async () => {
    const source = `${files.url}/models/killed.onnx`;
    files.interrupt('wait');
    await server.load('killed', { source, wait: false });
    await until(server, 'killed', ({ progress }) => expect(progress?.bytes_done).toBeGreaterThan(0));
    await server.stop('SIGKILL');

    server = await start();
    expect((await server.request('/api/v1/model_serving/models/killed')).status).toBe(404);
    const asked = files.ranges.length;
    expect((await server.load('killed', { source })).status).toBe(200);
    expect(files.ranges.slice(asked)).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    await answers('killed');
    await patiently(() => answers('by-url'));
  });
});
