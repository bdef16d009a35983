import type { Call } from './call.ts';

const WIDTH = 74;
const INDENT = '    ';

/** The command that sends the same, over as many lines as it takes. */
export function curlLines(url: string, call: Call): readonly string[] {
  const words = ['curl', ...methodOf(call), `${url}${call.path}`, ...headersOf(call), ...bodyOf(call)];
  const lines: string[] = [];
  let line = '$';
  for (const word of words) {
    const [head = '', ...rest] = word.split('\n');
    if (`${line} ${head}`.length > WIDTH && line !== '$') {
      lines.push(`${line} \\`);
      line = INDENT.slice(1);
    }
    line = `${line} ${head}`;
    for (const more of rest) {
      lines.push(line);
      line = more;
    }
  }
  return [...lines, line];
}

function methodOf({ method, body }: Call): readonly string[] {
  const curlsOwn = body === undefined ? 'GET' : 'POST';
  return method === curlsOwn ? [] : [`-X ${method}`];
}

function headersOf({ headers = {} }: Call): readonly string[] {
  return Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`);
}

function bodyOf({ body }: Call): readonly string[] {
  if (body === undefined) return [];
  if (typeof body !== 'string') return [`--data-binary @${body.file}`];
  return [`-d '${wrapJson(body).join(`\n${INDENT}`)}'`];
}

/** Breaks after commas, never inside of a string. For a shell's single quotes. */
function wrapJson(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+,?/g) ?? []) {
    if (line !== '' && line.length + piece.length > WIDTH - INDENT.length * 2) {
      lines.push(line);
      line = '';
    }
    line += piece.replaceAll("'", "'\\''");
  }
  return [...lines, line];
}
