const SHADES = [' ', '░', '▒', '▓', '█'];

/**
 * Grey levels from 0 to `white`, row by row, as a framed picture. A character is about twice as high as wide, so
 * each pixel takes two.
 */
export function digitPicture(pixels: readonly number[], width: number, white: number): readonly string[] {
  const rows: string[] = [];
  for (let start = 0; start < pixels.length; start += width) {
    rows.push(
      `│${pixels
        .slice(start, start + width)
        .map((level) => shade(level / white).repeat(2))
        .join('')}│`,
    );
  }
  const edge = '─'.repeat(width * 2);
  return [`┌${edge}┐`, ...rows, `└${edge}┘`];
}

function shade(light: number): string {
  const index = Math.round(Math.min(Math.max(light, 0), 1) * (SHADES.length - 1));
  return SHADES[index] ?? ' ';
}
