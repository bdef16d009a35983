/** A golden probe as it lies on disk. `name` is the file's, for messages. */
export type ProbeFile =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  /** Larger than what was asked for. */
  | { readonly kind: 'too_large'; readonly name: string }
  /** It can not or may not be read. `reason` has nothing of its content. */
  | { readonly kind: 'unreadable'; readonly name: string; readonly reason: string };

export interface ProbeFiles {
  /**
   * The `.json` files of a directory by name, at most `maxFiles` of them, none longer than `maxBytes` read. Only
   * regular files that really lie inside of the directory are read. A directory that is not there has none.
   */
  read(directory: string, maxFiles: number, maxBytes: number): Promise<readonly ProbeFile[]>;
}
