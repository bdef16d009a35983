import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { Ladder } from '../../../src/cli/demo/ladder.ts';
import { Screen } from '../../../src/cli/screen.ts';
import type { UpdateEvent } from '../../../src/cli/update-events.ts';
import type { Gate } from '../../../src/http/schemas/gate.ts';

type View = ConstructorParameters<typeof Ladder>[1];

function passedWith(samples: number, evidence: number): z.output<typeof Gate> {
  const shares = { live_failures: Math.log(evidence), paired_failures: null, cpu_time: null, wall_time: null };
  return {
    verdict: 'advance',
    checks: [
      { name: 'evidence', passed: true, log_shares: shares, largest: Math.log(evidence), limit: Math.log(2) },
      {
        ...{ name: 'samples', passed: true, source: 'live', counted: samples, needed: 8, live: samples },
        ...{ recorded_pairs: 0, synthetic_pairs: 0, live_would_take_ms: null },
      },
    ],
  };
}

function viewWith(samples: number, failures: number, share: number): View {
  const none = { share: null, log_share: null };
  const view = {
    from_version: '1',
    stages: [{ percent: 5 }, { percent: 50 }, { percent: 100 }],
    traffic: { new: { samples, failures } },
    evidence: { live_failures: { share }, paired_failures: none, cpu_time: none, wall_time: none },
  };
  // The members that a ladder reads.
  return view as unknown as View;
}

function entered(phase: string, stage: number, gate: UpdateEvent['gate'] = null): UpdateEvent {
  return { type: 'entered', phase, stage, gate, facts: { recorded_pairs: 20, timed: 10, load_time_ms: 12 } };
}

function drawn(draw: (ladder: Ladder) => void): string {
  let out = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      out += chunk;
      done();
    },
  });
  draw(new Ladder(new Screen(stream), viewWith(0, 0, 0)));
  return out;
}

describe('the ladder of an update', () => {
  test('has a line for each stage that was passed, with what it was passed on', () => {
    const out = drawn((ladder) => {
      const view = viewWith(9, 0, 0.6);
      ladder.note(entered('probing', 0), view);
      ladder.note(entered('stage', 1), view);
      ladder.note(entered('stage', 2, passedWith(9, 0.6)), view);
      ladder.note(entered('stage', 3, passedWith(1234, 1.25)), view);
      ladder.note(entered('baking', 3, passedWith(70, 0.5)), view);
      ladder.note(entered('completed', 3), view);
    });
    expect(out).toMatch(/loaded +beside version 1 in 12 ms\n/);
    expect(out).toMatch(/compared +20 requests given to both versions, 10 timed on both\n/);
    expect(out).toMatch(/ 5 % {2}█ .* 9 +0 +0\.60 {2}✓\n.* 50 % {2}█{10} .* 1,234 +0 +1\.25 {2}✓\n.* 100 % {2}█{20} /);
    expect(out.match(/✓/g)).toHaveLength(3);
  });

  test('shows the stage that a version fell from, with the samples of that stage alone', () => {
    const out = drawn((ladder) => {
      ladder.note(entered('stage', 1), viewWith(0, 0, 0.6));
      ladder.note(entered('stage', 2, passedWith(9, 0.6)), viewWith(9, 0, 0.6));
      ladder.fall(viewWith(29, 3, 324));
    });
    expect(out).toMatch(/ 50 % .* 20 +3 +324 {2}✗ back to 0 %\n$/);
  });

  test('has no line for a version that never got a request', () => {
    expect(drawn((ladder) => ladder.fall(viewWith(0, 0, 324)))).toBe('');
  });

  test('does not wait for a person who is not there', () => {
    const paused: UpdateEvent = { type: 'paused', reason: 'drift', facts: {} };
    expect(() => drawn((ladder) => ladder.note(paused, viewWith(0, 0, 0)))).toThrow('the update was paused: drift');
  });
});
