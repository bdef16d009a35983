import { describe, expect, test } from 'vitest';
import { claimsOf, type Measured } from '../../../scripts/prove/claims.ts';
import { renderReport } from '../../../scripts/prove/report.ts';
import { GOOD, type Kind, kindOf } from '../../helpers/updates/kinds.ts';
import { LoadTally } from '../../helpers/updates/load-tally.ts';
import type { UpdateResult } from '../../helpers/updates/updated-model.ts';

const FAILING = kindOf('failing');

function tally(requests: number): LoadTally {
  const made = new LoadTally();
  made.sent = requests;
  for (let sent = 0; sent < requests; sent += 1) made.countRight('1');
  return made;
}

function result(kind: Kind, reason: string | undefined, over: Partial<UpdateResult['rollout']> = {}): UpdateResult {
  return {
    kind,
    rollout: {
      rollout_id: 'id',
      from_version: '1',
      to_version: '2',
      state: reason === undefined ? 'completed' : 'rolled_back',
      stage: 1,
      outcome: reason === undefined ? 'completed' : 'rolled_back',
      rollback: reason === undefined ? null : { reason, facts: {} },
      pause: null,
      fallbacks: { answered: 0, failed: 0 },
      last_event: 1,
      ...over,
    },
    events: [{ sequence: 1, type: 'created', at: '2026-01-01T00:00:00.000Z', facts: {} }],
    tally: tally(1000),
  };
}

function measured(results: readonly UpdateResult[], over: Partial<Measured> = {}): Measured {
  return {
    run: { results, tallies: results.map((each) => each.tally), stuck: [], durationMs: 1000 * results.length },
    idle: { outcome: 'completed', durationMs: 60_000, madeUpPairs: 100, liveAnswers: 0 },
    left: 0,
    ...over,
  };
}

const failed = (of: Measured) => claimsOf(of).flatMap(({ text, holds }) => (holds ? [] : [text]));
const well = () => [result(GOOD, undefined), result(FAILING, 'evidence_pairs')];

describe('the claims', () => {
  test('hold where all went well', () => {
    expect(failed(measured(well()))).toEqual([]);
  });

  test('fail for a bad version that completes, and for one that is rolled back for something else', () => {
    expect(failed(measured([result(FAILING, undefined)]))).toEqual(['Every update to a bad version was rolled back']);
    expect(failed(measured([result(FAILING, 'capacity')]))).toEqual([
      'The reason names what is wrong with the version',
    ]);
  });

  test('fail for an update that a person would have to decide, also where the person aborted it', () => {
    const paused = result(GOOD, undefined, { outcome: 'aborted', pause: { reason: 'evidence_hold' } });
    expect(failed(measured([paused]))).toEqual(['No update was left paused or stuck']);
  });

  test('fail for one error, one lost and one wrong answer', () => {
    const updates = well();
    const [good] = updates;
    good?.tally.errors.push('500');
    good?.tally.lost.push('reset');
    good?.tally.wrong.push('3');
    expect(failed(measured(updates))).toEqual([
      'No client saw an error',
      'No answer was wrong, or another request’s',
      'No request was lost',
    ]);
  });

  test('fail for a log with a gap, a process that is left, and a slow update of the idle model', () => {
    const good = result(GOOD, undefined);
    const gap = { ...good, events: good.events.map((event) => ({ ...event, sequence: 2 })) };
    const idle = { outcome: 'completed', durationMs: 100_000, madeUpPairs: 100, liveAnswers: 0 };
    expect(failed(measured([gap], { left: 1, idle }))).toEqual([
      'No event log has a gap',
      'No process is left of a version that does not serve',
      'A model that nobody asks is updated in about a minute',
    ]);
  });

  test('allow as many false rollbacks as α does', () => {
    const good = Array.from({ length: 99 }, () => result(GOOD, undefined));
    expect(failed(measured([...good, result(GOOD, 'evidence_time')]))).toEqual([]);
    const alarms = Array.from({ length: 6 }, () => result(GOOD, 'evidence_time'));
    expect(failed(measured([...good, ...alarms]))).toHaveLength(1);
  });
});

test('the report has a row for each kind, and says what went wrong', () => {
  const failing = result(FAILING, 'evidence_pairs');
  failing.tally.errors.push('1000: 500 it is broken');
  const text = renderReport({
    options: { models: 2, ratePerSecond: 100 },
    circumstances: { date: '2026-01-01' },
    measured: measured([result(GOOD, undefined), failing]),
  });
  expect(text).toContain('| good: other answers, as good as the old ones | 1 | 1 | 0 | 0 | – |');
  expect(text).toContain('`evidence_pairs` 1');
  expect(text).toContain('**does not hold**');
  expect(text).toContain('- `1000: 500 it is broken`');
});
