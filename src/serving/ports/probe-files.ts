/** A golden probe as it lies on disk. */
export interface ProbeFile {
  /** The file's name, for messages. */
  readonly name: string;
  /** Undefined when the file is larger than what was asked for. */
  readonly text: string | undefined;
}

export interface ProbeFiles {
  /**
   * The `.json` files of a directory by name, at most `maxFiles` of them, none longer than `maxBytes` read.
   * A directory that is not there has none.
   */
  read(directory: string, maxFiles: number, maxBytes: number): Promise<readonly ProbeFile[]>;
}
