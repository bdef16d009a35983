import type { OpenApiDocument } from './open-api-document.ts';

/** One row for each operation, in the order in which they are registered. */
export function apiTableMarkdown(document: OpenApiDocument): string {
  const rows = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations ?? {}).map(
      ([method, operation]) => `| \`${method.toUpperCase()} ${path}\` | ${operation.summary ?? ''} |`,
    ),
  );
  return ['| call | what it does |', '|---|---|', ...rows].join('\n');
}
