import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const MAX_LINES = 20;
const MAX_CHARACTERS = 4000;

/** Keeps the last lines of a stream, bounded. */
export class StderrTail {
  #text = '';

  constructor(stream: Readable | null) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      this.#text = (this.#text + chunk).slice(-MAX_CHARACTERS);
    });
    // A broken pipe only means that nothing more comes.
    stream?.on('error', () => {});
  }

  /** Without the colours that onnxruntime gives its messages even where there is no terminal. */
  get text(): string {
    return stripVTControlCharacters(this.#text).trimEnd().split('\n').slice(-MAX_LINES).join('\n');
  }
}
