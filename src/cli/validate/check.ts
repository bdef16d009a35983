import type { ChildServer } from '../child-server.ts';
import type { Client } from '../client.ts';
import type { Traffic } from '../traffic.ts';
import type { Subject } from './subject.ts';

/** What checks are made on. */
export interface Context {
  readonly client: Client;
  /** The server, where it was started for the validation. */
  readonly own: ChildServer | undefined;
  /** The model that is loaded, updated and unloaded. */
  readonly subject: Subject;
  /** Clients of that model. */
  readonly traffic: Traffic;
  readonly signal: AbortSignal;
  /** Of every request that is not the client's. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Check {
  readonly title: string;
  /** Resolves with the evidence, in figures. Rejects with what was seen instead, or with `Skipped`. */
  readonly run: (context: Context) => Promise<string>;
  /** `model`: only once the subject is loaded. `own`: only on a server that was started for the validation. */
  readonly needs?: 'model' | 'own';
}

export interface Group {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** What can not be checked here, which is no failure. The message is the reason. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

export interface Result {
  readonly title: string;
  readonly verdict: 'passed' | 'failed' | 'skipped';
  /** The evidence, or what was seen instead, or why it was not looked at. */
  readonly words: string;
}
