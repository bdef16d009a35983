/**
 * Replaces what stands between `<!-- generated:NAME -->` and `<!-- /generated:NAME -->` by the part of that name.
 * @throws Error for a marker that names no part, or that is not closed
 */
export function replaceGenerated(text: string, parts: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /(<!-- generated:([\w-]+) -->\n)(?:[\s\S]*?(<!-- \/generated:\2 -->))?/g,
    (_all, open: string, name: string, close: string | undefined) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`nothing generates the part "${name}"`);
      if (close === undefined) throw new Error(`the generated part "${name}" is not closed`);
      return `${open}${part}\n${close}`;
    },
  );
}
