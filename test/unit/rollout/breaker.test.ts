import { describe, expect, it } from 'vitest';
import { CLOSED_BREAKER, noteOutcome } from '../../../src/core/rollout/breaker.ts';

/** F: failed, S: succeeded. */
const given = (outcomes: string) =>
  [...outcomes].reduce((breaker, one) => noteOutcome(breaker, one === 'F'), CLOSED_BREAKER);

describe('the breaker', () => {
  it('opens after three failures in a row, and not before', () => {
    expect(given('FF').open).toBe(false);
    expect(given('FFF').open).toBe(true);
  });

  it('begins to count again after each success', () => {
    expect(given('FFSFFSFF').open).toBe(false);
    expect(given('FFSFFF').open).toBe(true);
  });

  it('is not closed by what was under way when it opened', () => {
    expect(given('FFFSSS').open).toBe(true);
  });
});
