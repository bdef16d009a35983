import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/adapters/source/catalog.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import type { Catalog, CatalogListing } from '../../../src/serving/ports/catalog.ts';

let base: string;
let repository: string;
let dataDir: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'catalog-'));
  repository = join(base, 'repository');
  dataDir = join(base, 'data');
  await mkdir(repository);
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Writes files below the base directory; objects become JSON. */
async function put(files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const catalog = (modelName?: string): Catalog => createCatalog({ repositoryDir: repository, dataDir, modelName });
const names = (listing: CatalogListing) => listing.versions.map((v) => `${v.modelId}@${v.version}`);
const find = async (id: string, modelName?: string) =>
  (await catalog(modelName).find(parseModelId(id))).map((v) => `${v.modelId}@${v.version}`);

describe('the model repository', () => {
  it('takes the last folder as the version and what is above it as the id', async () => {
    await put({
      'repository/iris/1/model.onnx': 'x',
      'repository/iris/10/model.onnx': 'x',
      'repository/iris/9/model.onnx': 'x',
      'repository/meta-llama/Meta-Llama-3.1-8B/v2.0/model.onnx': 'x',
    });
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['iris@1', 'iris@9', 'iris@10', 'meta-llama/Meta-Llama-3.1-8B@v2.0']);
    expect(listing.problems).toEqual([]);
    expect(await find('iris')).toEqual(['iris@1', 'iris@9', 'iris@10']);
    expect(await find('meta-llama/Meta-Llama-3.1-8B')).toEqual(['meta-llama/Meta-Llama-3.1-8B@v2.0']);
    expect(await find('meta-llama')).toEqual([]);
    expect(await find('unknown')).toEqual([]);
  });

  it('takes DIR/<name>.onnx as version 1 of <name>', async () => {
    await put({ 'repository/squeezenet1.1.onnx': 'x', 'repository/readme.txt': 'x' });
    expect(names(await catalog().list())).toEqual(['squeezenet1.1@1']);
    expect(await find('squeezenet1.1')).toEqual(['squeezenet1.1@1']);
  });

  it('serves a lone model.onnx under the given name', async () => {
    await put({ 'repository/model.onnx': 'x', 'repository/model.json': { description: 'mounted' } });
    const listing = await catalog('org/churn').list();
    expect(names(listing)).toEqual(['org/churn@1']);
    expect(listing.versions[0]?.manifest.description).toBe('mounted');
    expect(await find('org/churn', 'org/churn')).toEqual(['org/churn@1']);
    expect(await find('other', 'org/churn')).toEqual([]);
  });

  it('says to pass --model-name for a lone model.onnx without a name', async () => {
    await put({ 'repository/model.onnx': 'x' });
    const listing = await catalog().list();
    expect(listing.versions).toEqual([]);
    expect(listing.problems).toEqual([
      { path: join(repository, 'model.onnx'), reason: expect.stringContaining('--model-name') },
    ]);
    expect(await find('model')).toEqual([]);
  });

  it('says where to move a model that is in no version folder', async () => {
    await put({ 'repository/iris/model.onnx': 'x', 'repository/iris/2/model.onnx': 'x' });
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['iris@2']);
    expect(listing.problems[0]?.reason).toContain(join('iris', '1', 'model.onnx'));
  });

  it('skips hidden entries', async () => {
    await put({
      'repository/.cache/1/model.onnx': 'x',
      'repository/a/.old/model.onnx': 'x',
      'repository/.b.onnx': 'x',
    });
    expect(await catalog().list()).toEqual({ versions: [], problems: [] });
  });

  it('lists what can be no model id or version as a problem', async () => {
    await put({
      'repository/bad name/1/model.onnx': 'x',
      'repository/a/latest/model.onnx': 'x',
      'repository/a/infer/1/model.onnx': 'x',
      'repository/b/1/model.onnx/file': 'x',
      'repository/good/1/model.onnx': 'x',
    });
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['good@1']);
    expect(listing.problems.map((problem) => problem.reason)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"bad name"'),
        expect.stringContaining('latest'),
        expect.stringContaining('infer'),
        expect.stringContaining('no regular file'),
      ]),
    );
  });

  it('is a problem when it is not there', async () => {
    await rm(repository, { recursive: true });
    const listing = await catalog().list();
    expect(listing.versions).toEqual([]);
    expect(listing.problems).toEqual([{ path: repository, reason: expect.stringContaining('no such') }]);
    expect(await find('a')).toEqual([]);
  });

  it('stops at a bounded depth', async () => {
    const deep = Array.from({ length: 20 }, (_, i) => `d${i}`).join('/');
    await put({ [`repository/${deep}/1/model.onnx`]: 'x', 'repository/a/1/model.onnx': 'x' });
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['a@1']);
    expect(listing.problems[0]?.reason).toContain('too deeply');
    expect(await find(deep)).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('lists a folder that it may not read as a problem', async () => {
    await put({ 'repository/secret/1/model.onnx': 'x', 'repository/a/1/model.onnx': 'x' });
    await chmod(join(repository, 'secret'), 0);
    const listing = await catalog().list();
    await chmod(join(repository, 'secret'), 0o700);
    expect(names(listing)).toEqual(['a@1']);
    expect(listing.problems).toEqual([{ path: join(repository, 'secret'), reason: 'the server may not read it' }]);
  });
});

describe('the data directory', () => {
  it('adds the versions that requests brought', async () => {
    await put({
      'repository/a/1/model.onnx': 'x',
      'data/models/a/2/model.onnx': 'x',
      'data/models/b/c/1/model.onnx': 'x',
    });
    const listing = await catalog().list();
    expect(listing.versions.map((v) => [v.modelId, v.version, v.origin])).toEqual([
      ['a', '1', 'repository'],
      ['a', '2', 'data'],
      ['b/c', '1', 'data'],
    ]);
    expect(await find('a')).toEqual(['a@1', 'a@2']);
    expect(await createCatalog({ repositoryDir: undefined, dataDir, modelName: undefined }).list()).toMatchObject({
      versions: [{ version: '2' }, { modelId: 'b/c' }],
      problems: [],
    });
  });

  it('gives way to the repository where both have a version, and says so', async () => {
    await put({ 'repository/a/1/model.onnx': 'x', 'data/models/a/1/model.onnx': 'x' });
    const listing = await catalog().list();
    expect(listing.versions.map((v) => v.origin)).toEqual(['repository']);
    expect(listing.problems).toEqual([
      { path: join(dataDir, 'models/a/1/model.onnx'), reason: expect.stringContaining('ignored') },
    ]);
  });

  it("uses the repository's manifest of the model for a version that was brought", async () => {
    await put({
      'repository/a/model.json': { labels: { y: ['no', 'yes'] } },
      'data/models/a/2/model.onnx': 'x',
    });
    expect((await catalog().find(parseModelId('a')))[0]?.manifest.labels).toEqual({ y: ['no', 'yes'] });
  });
});

describe('manifests and probes', () => {
  it('reads the tensors that are states, all of them from the version where it names any', async () => {
    const [h, c] = [
      { input: 'h', output: 'h_out' },
      { input: 'c', output: 'c_out', initial: [1, 2] },
    ];
    await put({
      'repository/a/model.json': { state: [h] },
      'repository/a/1/model.onnx': 'x',
      'repository/a/2/model.onnx': 'x',
      'repository/a/2/model.json': { state: [c], options: { max_sequences: 5, sequence_idle_ms: 100 } },
    });
    const manifests = (await catalog().find(parseModelId('a'))).map(({ manifest }) => manifest);
    expect(manifests.map(({ state }) => state)).toEqual([[h], [c]]);
    expect(manifests[1]?.options).toEqual({ maxSequences: 5, sequenceIdleMs: 100 });
  });

  it("puts the version's manifest over its model's, member by member", async () => {
    await put({
      'repository/a/model.json': {
        description: 'of the model',
        options: {
          max_batch_size: 4,
          instances: 2,
          intra_op_threads: 2,
          max_queue_delay_us: 500,
          preferred_batch_sizes: [2, 4],
        },
        labels: { y: ['no', 'yes'] },
        strategy: { alpha: 0.05, stages: [5, 100], drift_limits: { min_cosine: null }, deadlines_ms: { paused: 5 } },
      },
      'repository/a/1/model.onnx': 'x',
      'repository/a/1/model.json': {
        options: { max_batch_size: 8, warm_up_runs: 0 },
        strategy: { stages: [{ percent: 100, min_samples: 1 }], drift_limits: { min_top1_agreement: 0.5 } },
      },
    });
    expect((await catalog().find(parseModelId('a')))[0]?.manifest).toEqual({
      description: 'of the model',
      options: {
        maxBatchSize: 8,
        instances: 2,
        intraOpThreads: 2,
        warmUpRuns: 0,
        maxQueueDelayUs: 500,
        preferredBatchSizes: [2, 4],
      },
      labels: { y: ['no', 'yes'] },
      strategy: {
        alpha: 0.05,
        stages: [{ percent: 100, minSamples: 1 }],
        driftLimits: { minCosine: null, minTop1Agreement: 0.5 },
        deadlinesMs: { paused: 5 },
      },
    });
  });

  it.each([
    ['{ not json', 'not JSON'],
    ['[]', 'expected object'],
    [{ options: { batch: 3 } }, 'options: Unrecognized key: "batch"'],
    [{ optoins: {} }, '"optoins"'],
    [{ options: { max_batch_size: 0 } }, 'options.max_batch_size'],
    [{ options: { instances: 17 } }, 'options.instances'],
    [{ options: { warm_up_runs: '1' } }, 'options.warm_up_runs'],
    [{ options: { max_queue_delay_us: 1_000_001 } }, 'options.max_queue_delay_us'],
    [{ options: { preferred_batch_sizes: [1] } }, 'options.preferred_batch_sizes.0'],
    [
      { options: { preferred_batch_sizes: [4, 9], max_batch_size: 8 } },
      'options.preferred_batch_sizes: preferred_batch_sizes has 9, and max_batch_size is 8.',
    ],
    [{ labels: { y: 'no' } }, 'labels.y'],
    [{ state: [{ input: 'h' }] }, 'state.0.output'],
    [{ state: [{ input: 'h', output: 'g', initial: 'one' }] }, 'state.0.initial'],
    [{ options: { max_sequences: 0 } }, 'options.max_sequences'],
    [{ strategy: { aplha: 0.1 } }, 'strategy: Unrecognized key: "aplha"'],
    [{ strategy: { stages: [{ percent: 100, dwell: 1 }] } }, 'strategy.stages.0: Unrecognized key: "dwell"'],
    [{ strategy: { stages: [50, 5, 100] } }, 'strategy.stages: weights must rise'],
    [{ strategy: { bake_ms: -1 } }, 'strategy.bake_ms'],
  ])('keeps a version with the manifest %j off the list', async (manifest, reason) => {
    await put({
      'repository/a/1/model.onnx': 'x',
      'repository/a/2/model.onnx': 'x',
      'repository/a/2/model.json': manifest,
    });
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['a@1']);
    expect(listing.problems).toEqual([
      { path: join(repository, 'a/2/model.json'), reason: expect.stringContaining(reason) },
    ]);
    expect(await find('a')).toEqual(['a@1']);
  });

  it("lists a model's bad manifest once", async () => {
    await put({ 'repository/a/1/model.onnx': 'x', 'repository/a/2/model.onnx': 'x', 'repository/a/model.json': '?' });
    const listing = await catalog().list();
    expect(listing.versions).toEqual([]);
    expect(listing.problems).toHaveLength(1);
  });

  it('finds probes with the version, else with its model', async () => {
    await put({
      'repository/a/1/model.onnx': 'x',
      'repository/a/1/probes/one.json': '{}',
      'repository/a/2/model.onnx': 'x',
      'repository/a/probes/one.json': '{}',
      'repository/b/1/model.onnx': 'x',
    });
    expect((await catalog().list()).versions.map((v) => v.probesDir)).toEqual([
      join(repository, 'a/1/probes'),
      join(repository, 'a/probes'),
      undefined,
    ]);
  });
});

describe('symbolic links', () => {
  it('are followed within the roots', async () => {
    await put({ 'repository/..data/weights': 'x' });
    await mkdir(join(repository, 'a/1'), { recursive: true });
    await symlink(join(repository, '..data/weights'), join(repository, 'a/1/model.onnx'));
    await symlink(join(repository, 'a'), join(repository, 'alias'));
    expect(names(await catalog().list())).toEqual(['a@1', 'alias@1']);
    expect(await find('alias')).toEqual(['alias@1']);
  });

  it('are problems when they lead outside the roots', async () => {
    await put({
      'outside/1/model.onnx': 'x',
      'outside/model.json': { description: 'secret' },
      'repository/c/1/model.onnx': 'x',
    });
    await mkdir(join(repository, 'a/1'), { recursive: true });
    await symlink(join(base, 'outside/1/model.onnx'), join(repository, 'a/1/model.onnx'));
    await symlink(join(base, 'outside'), join(repository, 'b'));
    await symlink(join(base, 'outside/model.json'), join(repository, 'c/model.json'));
    const listing = await catalog().list();
    expect(listing.versions).toEqual([]);
    expect(listing.problems.map((problem) => problem.path)).toEqual([
      join(repository, 'b'),
      join(repository, 'a/1/model.onnx'),
      join(repository, 'c/model.json'),
    ]);
    expect(listing.problems.every((problem) => problem.reason.includes('outside'))).toBe(true);
    for (const id of ['a', 'b', 'c']) expect(await find(id)).toEqual([]);
  });

  it('are problems when they dangle or lead in a circle', async () => {
    await put({ 'repository/a/1/model.onnx': 'x' });
    await symlink(join(repository, 'a'), join(repository, 'a/self'));
    await symlink(join(repository, 'gone'), join(repository, 'dangling'));
    await symlink(join(repository, 'loop'), join(repository, 'loop'));
    const listing = await catalog().list();
    expect(names(listing)).toEqual(['a@1']);
    expect(listing.problems.map((problem) => problem.path)).toEqual([
      join(repository, 'a/self'),
      join(repository, 'dangling'),
      join(repository, 'loop'),
    ]);
  });
});
