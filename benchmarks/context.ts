import type { Children } from './contestants/children.ts';
import type { Finding, Table } from './report/section-report.ts';

/** How long and how often a run measures. */
export type Effort = 'quick' | 'full';

/** What a section needs of the run that it is a part of. */
export interface BenchContext {
  readonly effort: Effort;
  /** Intra-op threads of every contestant's sessions. */
  readonly threads: number;
  /** Folder with the models, as EchoServe's `--model-repository` has it. */
  readonly repository: string;
  /** The built command line of EchoServe. */
  readonly serverEntry: string;
  /** Folder of this run, removed at its end. */
  readonly scratch: string;
  readonly children: Children;
  /** A line for whoever waits. */
  readonly progress: (text: string) => void;
}

export interface SectionReport {
  readonly tables: readonly Table[];
  readonly findings: readonly Finding[];
}

export interface Section {
  readonly title: string;
  /** How it measures, for the reader of the report. */
  readonly method: string;
  readonly run: (context: BenchContext) => Promise<SectionReport>;
}
