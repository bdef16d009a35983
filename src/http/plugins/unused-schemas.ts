const REFERENCE_PREFIX = '#/components/schemas/';

interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

/** Without the schemas that nothing refers to: each one is generated twice, as an input and as an output. */
export function withoutUnusedSchemas<D extends object>(document: D): D {
  // Documents of OpenAPI 2 have no components: for them there is nothing to do.
  const { components, ...rest } = document as Document;
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const pending = referencesIn(rest);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    pending.push(...referencesIn(schemas[name]));
  }
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept) } };
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === '$ref' && typeof child === 'string' && child.startsWith(REFERENCE_PREFIX)
      ? [child.slice(REFERENCE_PREFIX.length)]
      : referencesIn(child),
  );
}
