import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { Loaded } from '../../http/schemas/load.ts';
import { Model } from '../../http/schemas/model.ts';
import { Rollout } from '../../http/schemas/rollout.ts';
import type { Call } from '../call.ts';
import { EXAMPLES } from '../child-server.ts';
import type { Client } from '../client.ts';
import { quickStrategy } from '../quick-strategy.ts';
import { widthTableModel } from '../width-table.ts';
import { hugeAnswerModel } from './huge-answer.ts';

const API = '/api/v1/model_serving';
const REMOVAL_TRIES = 50;
const REMOVAL_PAUSE_MS = 100;
const JSON_HEADERS = { 'content-type': 'application/json' };

/** Versions 1 and 2 are those of the example, 3 fails on some flowers, and 4 fits into no memory. */
const FILES = {
  '1': () => readFile(join(EXAMPLES, 'iris', '1', 'model.onnx')),
  '2': () => readFile(join(EXAMPLES, 'iris', '2', 'model.onnx')),
  '3': () => Promise.resolve(widthTableModel()),
  '4': () => Promise.resolve(hugeAnswerModel()),
} as const;

export type SubjectVersion = keyof typeof FILES;

/** The model that is tried out. It is loaded from files, under a name that nobody else has. */
export class Subject {
  readonly modelId = 'echoserve-validation';
  readonly client: Client;
  readonly #directory: string;
  #isLoaded = false;

  /** @param directory where its files are, which the server must be allowed to read */
  constructor(client: Client, directory: string) {
    this.client = client;
    this.#directory = directory;
  }

  async writeFiles(): Promise<void> {
    for (const [version, bytes] of Object.entries(FILES)) await writeFile(this.#file(version), await bytes());
  }

  /** Whether a version of it was ever loaded here. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get path(): string {
    return `${API}/models/${this.modelId}`;
  }

  loadCall(version: SubjectVersion, more: object = {}): Call {
    return this.#post('/load', { model_id: this.modelId, version, source: this.#file(version), ...more });
  }

  async load(version: SubjectVersion, more: object = {}): Promise<z.output<typeof Loaded>> {
    const { body } = await this.client.json(this.loadCall(version, more), Loaded);
    this.#isLoaded = true;
    return body;
  }

  updateCall(version: SubjectVersion, more: object = {}): Call {
    const source = this.#file(version);
    return this.#post('/update', {
      ...{ model_id: this.modelId, new_version: version, source },
      ...{ strategy: quickStrategy('short'), ...more },
    });
  }

  /** Begins an update. */
  async update(version: SubjectVersion): Promise<z.output<typeof Rollout>> {
    return (await this.client.json(this.updateCall(version), Rollout, 202)).body;
  }

  async look(): Promise<z.output<typeof Model>> {
    return (await this.client.json({ method: 'GET', path: this.path }, Model)).body;
  }

  /** Leaves nothing of it in memory, and nothing under way. What is not there is as good. */
  async remove(client: Client): Promise<void> {
    const { rollout } = (await client.json({ method: 'GET', path: this.path }, Model)).body;
    if (rollout !== null) await client.send(this.#post(`/rollouts/${rollout}/abort`));
    for (let tries = 0; tries < REMOVAL_TRIES; tries += 1) {
      // 409 as long as the update's rollback is under way.
      if ((await client.send({ method: 'DELETE', path: this.path })).status !== 409) return;
      await sleep(REMOVAL_PAUSE_MS);
    }
  }

  #post(path: string, body?: object): Call {
    const call = { method: 'POST', path: `${API}${path}` } as const;
    return body === undefined ? call : { ...call, headers: JSON_HEADERS, body: JSON.stringify(body) };
  }

  #file(version: string): string {
    return join(this.#directory, `version-${version}.onnx`);
  }
}
