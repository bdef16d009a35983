import { parseStoredOptions } from '../../lifecycle/load-options.ts';
import type { LoadSettings } from '../../lifecycle/resident.ts';

type RecordedSettings = Readonly<Record<keyof LoadSettings, unknown>>;

/** How a version is to be loaded, as it is kept with an update's configuration. */
export function recordOfSettings({ source, sha256, options }: LoadSettings): RecordedSettings {
  return { source: source ?? null, sha256: sha256 ?? null, options };
}

/** Of a record. What is missing or of another kind is as if nobody had said anything: an older server may have written it. */
export function settingsOfRecord(record: unknown): LoadSettings {
  const { source, sha256, options } = membersOf(record);
  return { source: textOf(source), sha256: textOf(sha256), options: parseStoredOptions(membersOf(options)) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
