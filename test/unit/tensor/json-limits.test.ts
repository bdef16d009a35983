import { describe, expect, test } from 'vitest';
import { checkJsonLimits } from '../../../src/core/tensor/json-limits.ts';

const LONG = ' '.repeat(10_000);

/** What is refused of a text that is long enough to be looked at. */
function fault(text: string): string | undefined {
  try {
    checkJsonLimits(text + LONG);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a text that costs a parser many times its length is refused', () => {
  test.each([
    ['nesting in arrays', '['.repeat(65), 'nested too deeply: expected at most 64 levels'],
    ['nesting in objects', '{"a":'.repeat(65), 'nested too deeply'],
    ['nesting behind strings that seem to close it', '["]","\\"]",'.repeat(65), 'nested too deeply'],
    ['nesting behind a string that seems to go on', '["\\\\",'.repeat(65), 'nested too deeply'],
    ['inputs without end', `{"inputs":[${'{},'.repeat(65_536)}{}]}`, 'too many objects and members'],
    ['members without end', `{${'"a":1,'.repeat(65_537)}"b":1}`, 'too many objects and members'],
    ['rows without end', `[${'[],'.repeat(4 * 2 ** 20)}[]]`, 'too many arrays'],
  ])('%s', (_, text, message) => {
    expect(fault(text)).toContain(message);
  });
});

describe('a text is accepted', () => {
  test.each([
    ['with 64 levels', `${'['.repeat(64)}${']'.repeat(64)}`],
    ['with many rows, one after the other', '[1,2],'.repeat(100_000)],
    ['with brackets, braces and colons in its strings', `["${'[{:'.repeat(100_000)}"]`],
    ['with many such strings', '"[[{:\\"[",'.repeat(100_000)],
    ['with a string that has no end', `["${'['.repeat(100)}`],
    ['that closes more than it opens', ']'.repeat(100)],
    ['that is empty', ''],
  ])('%s', (_, text) => {
    expect(fault(text)).toBeUndefined();
  });

  test('as it came when it is short, whatever is in it', () => {
    expect(() => checkJsonLimits('['.repeat(8192))).not.toThrow();
    expect(() => checkJsonLimits('['.repeat(8193))).toThrow('nested too deeply');
  });
});
