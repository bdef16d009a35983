import type { Client } from './client.ts';
import type { DemoServer } from './demo-server.ts';
import type { Screen } from './screen.ts';

/** What a step plays on. */
export interface Stage {
  readonly screen: Screen;
  readonly client: Client;
  readonly server: DemoServer;
}

export interface Step {
  readonly title: string;
  /** One sentence: what is shown, and why it matters. */
  readonly why: string;
  readonly play: (stage: Stage) => Promise<void>;
}
