import { styleText } from 'node:util';
import type { Call } from './call.ts';
import { curlLines } from './curl.ts';

const WIDTH = 80;
const MARGIN = '  ';
/** Back to the line's beginning, and all of it gone. */
const CLEAR_LINE = '\r\u001b[2K';

type Style = Parameters<typeof styleText>[0];
/** A cell, and how it looks. */
export type Cell = string | readonly [text: string, style: Style];

/** Lays words out for a terminal of 80 columns. Colours appear where the terminal has them and nobody refused them. */
export class Screen {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream });
  }

  title(text: string, sentence: string): void {
    this.#line('');
    this.#line(`${MARGIN}${this.style(['bold', 'magenta'], text)}`);
    this.lines(wrap(sentence, WIDTH - MARGIN.length * 2));
  }

  section(number: number, title: string, why: string): void {
    const heading = `${number}  ${title}`;
    const rule = '─'.repeat(WIDTH - MARGIN.length * 2 - heading.length - 1);
    this.#line('');
    this.#line(`${MARGIN}${this.style(['bold', 'cyan'], heading)} ${this.style('cyan', rule)}`);
    this.lines([...wrap(why, WIDTH - MARGIN.length * 2), '']);
  }

  /** The request that follows, as a command to type. */
  curl(url: string, call: Call): void {
    this.command(curlLines(url, call));
  }

  command(lines: readonly string[]): void {
    for (const line of lines) this.#line(`${MARGIN}${this.style('dim', line)}`);
    this.#line('');
  }

  /** `name   what is known of it`, long texts over several lines. */
  fact(name: string, text: string, style: Style = []): void {
    const [first = '', ...rest] = wrap(text, WIDTH - MARGIN.length - 14);
    this.#line(`${MARGIN}${this.style('dim', name.padEnd(12))}${this.style(style, first)}`);
    for (const line of rest) this.#line(`${MARGIN}${' '.repeat(12)}${this.style(style, line)}`);
  }

  /** Columns as wide as their widest cell; those of figures stand to the right. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[], figures: readonly number[] = []): void {
    const widths = head.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => textOf(row[column]).length)),
    );
    const pad = (text: string, column: number) => {
      const width = widths[column] ?? 0;
      return figures.includes(column) ? text.padStart(width) : text.padEnd(width);
    };
    const join = (cells: readonly string[]) => `${MARGIN}${cells.join('   ')}`.trimEnd();
    this.#line(join(head.map((title, column) => this.style('dim', pad(title, column)))));
    for (const row of rows) {
      this.#line(join(row.map((cell, column) => this.style(styleOf(cell), pad(textOf(cell), column)))));
    }
  }

  lines(lines: readonly string[]): void {
    for (const line of lines) this.#line(`${MARGIN}${line}`.trimEnd());
  }

  /** A line that still changes, until `settle` puts the last one in its place. Only a terminal shows it. */
  draft(line: string): void {
    if (this.#isTerminal) this.#stream.write(`${CLEAR_LINE}${MARGIN}${line}`);
  }

  /** What becomes of the draft, or a line like any other where there is none. */
  settle(line: string): void {
    if (this.#isTerminal) this.#stream.write(CLEAR_LINE);
    this.lines([line]);
  }

  get #isTerminal(): boolean {
    return 'isTTY' in this.#stream && this.#stream.isTTY === true;
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`);
  }
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : (cell?.[0] ?? '');
}

function styleOf(cell: Cell): Style {
  return typeof cell === 'string' ? [] : cell[1];
}

/** Breaks at spaces. A word that is too long gets a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
