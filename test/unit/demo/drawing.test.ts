import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { digitPicture } from '../../../src/cli/demo/digit-picture.ts';
import { bar, megabytes, milliseconds, percent } from '../../../src/cli/figures.ts';
import { Screen, wrap } from '../../../src/cli/screen.ts';

/** What is written to a stream that is a terminal. */
function terminalOf(draw: (screen: Screen) => void): string {
  let out = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      out += chunk;
      done();
    },
  });
  draw(new Screen(Object.assign(stream, { isTTY: true })));
  return out;
}

function screenOf(draw: (screen: Screen) => void): readonly string[] {
  let out = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      out += chunk;
      done();
    },
  });
  draw(new Screen(stream));
  return out.split('\n').slice(0, -1);
}

describe('figures', () => {
  test('have as many decimals as they have to tell', () => {
    expect([0.123, 1.25, 12.5, 812.4, null].map(milliseconds)).toEqual(['0.12 ms', '1.3 ms', '13 ms', '812 ms', '–']);
    expect([28_800_000, 0, null].map(megabytes)).toEqual(['28.8 MB', '0.0 MB', '–']);
    expect(percent(0.99865)).toBe('99.9 %');
  });

  test('bars are as long as their share, to an eighth of a character, and never longer', () => {
    expect([0, 0.5, 1, 2, -1].map((share) => bar(share, 4))).toEqual(['', '██', '████', '████', '']);
    expect(bar(1 / 8, 1)).toBe('▏');
  });
});

describe('a picture', () => {
  test('is as dark and as light as its pixels, two characters each, in a frame', () => {
    expect(digitPicture([0, 4, 8, 16], 2, 16)).toEqual(['┌────┐', '│  ░░│', '│▒▒██│', '└────┘']);
  });

  test('takes levels past white for white', () => {
    expect(digitPicture([99, -1], 2, 16)[1]).toBe('│██  │');
  });
});

describe('the screen', () => {
  test('breaks long texts at spaces, under the place where they begin', () => {
    const lines = screenOf((screen) => screen.fact('name', `${'word '.repeat(20)}end`));
    expect(lines.length).toBe(2);
    expect(lines[1]).toMatch(/^ {14}word/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('makes columns as wide as their widest cell, figures to the right', () => {
    const lines = screenOf((screen) =>
      screen.table(
        ['name', 'count'],
        [
          ['a longer one', ['7', 'green']],
          ['b', '1234567'],
        ],
        [1],
      ),
    );
    expect(lines).toEqual(['  name             count', '  a longer one         7', '  b              1234567']);
  });

  test('gives a word that is too long a line of its own', () => {
    expect(wrap('a bbbbbbbb c', 4)).toEqual(['a', 'bbbbbbbb', 'c']);
  });
});

describe('a line that changes', () => {
  const draw = (screen: Screen) => {
    screen.draft('5 %');
    screen.draft('15 %');
    screen.settle('15 % ✓');
  };

  test('is drawn in its place in a terminal', () => {
    expect(terminalOf(draw)).toBe('\r\u001b[2K  5 %\r\u001b[2K  15 %\r\u001b[2K  15 % ✓\n');
  });

  test('is written once, at its end, elsewhere', () => {
    expect(screenOf(draw)).toEqual(['  15 % ✓']);
  });
});
