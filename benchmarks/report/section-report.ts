/** A figure beside its target in DESIGN.md, or in the project's issues. */
export interface Finding {
  readonly target: string;
  readonly figure: string;
  readonly isMet: boolean;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell names the row, the others are figures. */
  readonly rows: readonly (readonly string[])[];
}
