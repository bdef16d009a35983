export type LogFields = Readonly<Record<string, unknown>>;

/** Where the use cases tell what they do. `error` means that someone must act. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
