import type { ChildServer } from '../child-server.ts';
import type { Client } from '../client.ts';
import type { Screen } from '../screen.ts';
import type { Traffic } from '../traffic.ts';

/** What a step plays on. */
export interface Stage {
  readonly screen: Screen;
  readonly client: Client;
  readonly server: ChildServer;
  /** Where the server finds its models: a copy that may be changed. */
  readonly repository: string;
  /** Clients of the model iris. */
  readonly traffic: Traffic;
  /** Aborted when somebody wants the demo to end. */
  readonly signal: AbortSignal;
}

export interface Step {
  readonly title: string;
  /** One sentence: what is shown, and why it matters. */
  readonly why: string;
  readonly play: (stage: Stage) => Promise<void>;
}
