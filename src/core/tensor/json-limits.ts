import { requestFault } from './fault.ts';

/** Whatever is in so short a text, parsing it costs little. */
const CHEAP_LENGTH = 8192;
/** Tensors have a handful of dimensions; what is deeper only makes a parser allocate. */
const MAX_DEPTH = 64;
/** Of objects and their members: a request has a few for each of its inputs and outputs. */
const MAX_MEMBERS = 65_536;
/** Rows of nested data: 4 bytes of text or less, and up to 70 in memory. */
const MAX_ARRAYS = 4 * 2 ** 20;

/**
 * Refuses JSON that would take many times its length in memory once parsed: 63 MiB of `[` take 2.7 GB, and as much of
 * `{},` a few. What passes takes at most some ten times its length. Whether it is JSON is the parser's to say.
 *
 * @throws AppError `invalid_request`
 */
export function checkJsonLimits(text: string): void {
  if (text.length <= CHEAP_LENGTH) return;
  let depth = 0;
  let members = 0;
  let arrays = 0;
  const structure = new Structure(text);
  for (let mark = structure.next(); mark !== undefined; mark = structure.next()) {
    if (mark === ']' || mark === '}') depth -= 1;
    else if (mark === ':') members += 1;
    else {
      depth += 1;
      if (mark === '[') arrays += 1;
      else members += 1;
    }
    if (depth > MAX_DEPTH) throw requestFault(`The request is nested too deeply: expected at most ${MAX_DEPTH} levels`);
    if (arrays > MAX_ARRAYS) throw tooMany('arrays', MAX_ARRAYS);
    if (members > MAX_MEMBERS) throw tooMany('objects and members', MAX_MEMBERS);
  }
}

function tooMany(what: string, limit: number): Error {
  return requestFault(`The request has too many ${what}: expected at most ${limit}; send large tensors as binary`);
}

const MARKS = ['[', ']', '{', '}', ':'] as const;
type Mark = (typeof MARKS)[number];

/**
 * The brackets, braces and colons of a JSON text outside its strings, one after the other. It jumps from one to the
 * next of each kind by `indexOf`, which passes numbers a hundred times faster than a loop over characters does.
 */
class Structure {
  readonly #text: string;
  /** Where the next of each mark is, in strings or not. */
  readonly #places: number[];
  /** Where the next string begins. */
  #quote: number;

  constructor(text: string) {
    this.#text = text;
    this.#places = MARKS.map((mark) => this.#find(mark, 0));
    this.#quote = this.#find('"', 0);
  }

  /** Undefined at the end. */
  next(): Mark | undefined {
    let index = this.#nearest();
    while (this.#quote < this.#place(index)) {
      const end = this.#endOfString();
      this.#quote = this.#find('"', end);
      if (end <= this.#place(index)) continue;
      // Marks in the string are text.
      for (let each = 0; each < MARKS.length; each += 1) if (this.#place(each) < end) this.#advance(each, end);
      index = this.#nearest();
    }
    const place = this.#place(index);
    if (place === Number.POSITIVE_INFINITY) return undefined;
    this.#advance(index, place + 1);
    return MARKS[index];
  }

  #nearest(): number {
    let nearest = 0;
    for (let index = 1; index < MARKS.length; index += 1) {
      if (this.#place(index) < this.#place(nearest)) nearest = index;
    }
    return nearest;
  }

  #place(index: number): number {
    return this.#places[index] ?? Number.POSITIVE_INFINITY;
  }

  #advance(index: number, from: number): void {
    this.#places[index] = this.#find(MARKS[index] ?? '', from);
  }

  /** The position behind the closing quote of the next string. */
  #endOfString(): number {
    for (let end = this.#find('"', this.#quote + 1); end < this.#text.length; end = this.#find('"', end + 1)) {
      let backslashes = 0;
      while (this.#text[end - 1 - backslashes] === '\\') backslashes += 1;
      if (backslashes % 2 === 0) return end + 1;
    }
    return this.#text.length;
  }

  #find(mark: string, from: number): number {
    const place = this.#text.indexOf(mark, from);
    return place === -1 ? Number.POSITIVE_INFINITY : place;
  }
}
