import { type Screen, wrap } from '../screen.ts';
import type { Result } from './check.ts';

const TITLE_WIDTH = 38;
const WORDS_WIDTH = 34;
const MARKS = { passed: ['✓', 'green'], failed: ['✗', 'red'], skipped: ['–', 'yellow'] } as const;

/** A row of the table: mark, what was checked, and the evidence, over as many lines as that takes. */
export function showResult(screen: Screen, { title, verdict, words }: Result): void {
  const [mark, style] = MARKS[verdict];
  const said = verdict === 'skipped' ? `skipped: ${words}` : words;
  const [first = '', ...rest] = said.split('\n').flatMap((line) => wrap(line, WORDS_WIDTH));
  screen.lines([
    `${screen.style(style, mark)} ${title.padEnd(TITLE_WIDTH)} ${first}`,
    ...rest.map((line) => `${' '.repeat(TITLE_WIDTH + 3)}${line}`),
  ]);
}

export function summary(results: readonly Result[]): string {
  const number = (wanted: Result['verdict']) => results.filter(({ verdict }) => verdict === wanted).length;
  return `${results.length} checks: ${number('passed')} passed, ${number('failed')} failed, ${number('skipped')} skipped`;
}
