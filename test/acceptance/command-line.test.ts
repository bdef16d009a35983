import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Home, runMain, Server } from '../helpers/acceptance/server.ts';
import { addOne } from '../helpers/onnx/models.ts';

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

function home(): Home {
  const made = new Home();
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

describe('the line at start', () => {
  test('says where the server listens, and that the repository is empty', async () => {
    await using server = await Server.start();
    const { repository, data } = server.home;
    expect(server.greeting).toBe(
      `EchoServe ${version} listens on ${server.url}: 0 models (${repository}; data in ${data})\n`,
    );
    expect((await server.request('/livez')).status).toBe(200);
    expect((await server.request('/readyz')).status).toBe(200);
  });

  test('counts the models and names what can not be served', async () => {
    const folder = home();
    folder.add('one', addOne());
    folder.add('team/two', addOne(), '3');
    folder.write('models/three/1/model.json', '{}');
    folder.write('models/odd name/1/model.onnx', addOne());
    folder.add('broken', addOne());
    folder.write('models/broken/model.json', '{"options": ');
    await using server = await Server.start({ home: folder });
    const [first, ...problems] = server.greeting.trimEnd().split('\n');
    expect(first).toContain(`: 2 models (${folder.repository}`);
    expect(problems.every((line) => line.startsWith('  not served: '))).toBe(true);
    expect(problems.join('\n')).toContain('odd name');
    expect(problems.join('\n')).toContain('broken');
  });
});

describe('a start that can not be', () => {
  test.each([
    ['an unknown flag', ['--prot', '1'], /Unknown option --prot\. Did you mean --port\?/],
    ['a wrong value', ['--port', 'http'], /--port: .*0 to 65535/],
    ['a missing value', ['--port'], /--port needs a value/],
    ['a wrong duration', ['--hang-limit', 'soon'], /--hang-limit: /],
    ['an unknown command', ['sevre'], /Unknown command "sevre"\. Did you mean serve\?/],
    ['a notice as long as the grace period', ['--drain-notice', '2s', '--grace-period', '2s'], /shorten the one or/],
    ['a host for others without keys', ['--host', '0.0.0.0'], /API keys.*--auth none/],
  ])('because of %s ends with exit code 2 and says why', async (_what, args, message) => {
    const { code, out, err } = await runMain(args);
    expect(err).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  test('because of a wrong environment variable names that', async () => {
    const { code, err } = await runMain([], { ECHOSERVE_MAX_BODY: 'lots' });
    expect(err).toMatch(/ECHOSERVE_MAX_BODY/);
    expect(code).toBe(2);
  });

  test('because the port is taken says so and ends with exit code 1', async () => {
    const occupied = createServer();
    await new Promise<void>((done) => {
      occupied.listen(0, '127.0.0.1', done);
    });
    onTestFinished(() => void occupied.close());
    const address = occupied.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { code, out, err } = await runMain(['--port', port, '--data-dir', home().data, '--log-level', 'silent']);
    expect(err).toContain(port);
    expect(err).toMatch(/is taken by another program.*--port/);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(code).toBe(1);
  });

  test('because the data directory has a server already says so, and leaves that one alone', async () => {
    const folder = home();
    folder.add('one', addOne());
    await using server = await Server.start({ home: folder });
    const { code, out, err } = await runMain(['--port', '0', '--data-dir', folder.data, '--log-level', 'silent']);
    expect(err).toContain(folder.data);
    expect(err).toMatch(/another|already/i);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(code).toBe(1);
    expect((await server.load('one')).status).toBe(200);
  });

  test('because there is no such repository is a start without models that says so', async () => {
    const folder = home();
    await using server = await Server.start({ home: folder, args: ['--model-repository', `${folder.dir}/nowhere`] });
    expect(server.greeting).toContain('not served: ');
    expect(server.greeting).toContain('nowhere');
  });
});

describe('asking instead of serving', () => {
  test.each(['--help', '-h'])('%s lists the commands and the options', async (flag) => {
    const { code, out } = await runMain([flag]);
    expect(code).toBe(0);
    for (const word of ['serve', 'demo', '--port PORT', '--model-repository DIR', 'ECHOSERVE_API_KEYS']) {
      expect(out).toContain(word);
    }
  });

  test('--version prints it', async () => {
    expect(await runMain(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});
