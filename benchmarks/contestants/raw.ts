import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchContext } from '../context.ts';
import type { RawAnswer, RawQuestion } from './raw-messages.ts';

const ENTRY = fileURLToPath(new URL('./raw-runs.ts', import.meta.url));

export interface Raw {
  readonly measure: (question: RawQuestion) => Promise<RawAnswer>;
  readonly end: () => Promise<void>;
}

export function startRaw(context: BenchContext): Raw {
  const child = context.children.start([ENTRY, context.repository, String(context.threads)], { hasChannel: true });
  child.process.stdout?.resume();
  const gone = once(child.process, 'exit').then((): never => {
    throw new Error(`the process of raw runs ended: ${child.stderr()}`);
  });
  // Nobody may be waiting when it ends as it should.
  gone.catch(() => {});
  return {
    measure: async (question) => {
      const answered = once(child.process, 'message');
      child.process.send(question);
      // The only messages of that process are these answers.
      const [answer] = (await Promise.race([answered, gone])) as [RawAnswer];
      return answer;
    },
    end: child.end,
  };
}
