import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Unexpected } from '../../../src/cli/client.ts';
import { play } from '../../../src/cli/demo/play.ts';
import type { Stage, Step } from '../../../src/cli/demo/step.ts';
import { Screen } from '../../../src/cli/screen.ts';

function stageWith(log: string): { readonly stage: Stage; readonly out: () => string } {
  let out = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      out += chunk;
      done();
    },
  });
  // The steps of these tests ask nothing of the client, and of the server only its log.
  const stage = { screen: new Screen(stream), server: { log }, client: {} } as unknown as Stage;
  return { stage, out: () => out };
}

function step(title: string, act: () => void | Promise<void>): Step {
  return { title, why: `Why ${title} matters.`, play: async () => act() };
}

const never = new AbortController().signal;

describe('playing the steps', () => {
  test('announces each one with its number and its reason, in order', async () => {
    const { stage, out } = stageWith('');
    await play([step('First', () => stage.screen.lines(['one'])), step('Second', () => {})], stage, never);
    expect(out()).toMatch(/1 {2}First ─+\n {2}Why First matters\.\n\n {2}one\n\n {2}2 {2}Second ─+\n/);
  });

  test('stops at the first that fails, and tells which, why, and what the server logged', async () => {
    const { stage, out } = stageWith('{"level":50}');
    const failing = step('Second', () => {
      throw new Unexpected('no answer');
    });
    const playing = play([step('First', () => {}), failing, step('Third', () => {})], stage, never);
    await expect(playing).rejects.toThrow('step 2, "Second": no answer\nThe server had logged:\n{"level":50}');
    expect(out()).not.toContain('Third');
  });

  test('shows the place of a fault of its own', async () => {
    const { stage } = stageWith('');
    const failing = step('First', () => {
      throw new TypeError('not a function');
    });
    await expect(play([failing], stage, never)).rejects.toThrow(/TypeError: not a function\n\s+at .*play\.test\.ts/);
  });

  test('gives an interruption as it is, also when a step fails by it', async () => {
    const { stage } = stageWith('');
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const interrupted = step('First', () => {
      controller.abort(reason);
      throw new Unexpected('fetch failed');
    });
    await expect(play([interrupted], stage, controller.signal)).rejects.toBe(reason);
  });
});
