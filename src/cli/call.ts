/** One request, as it is sent and as it is shown. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text, or bytes that stand in a file when curl sends them. */
  readonly body?: string | { readonly bytes: Uint8Array; readonly file: string };
}
