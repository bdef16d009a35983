import { RolloutList } from '../../../http/schemas/rollout.ts';
import type { Call } from '../../call.ts';
import { Unexpected } from '../../client.ts';
import { count } from '../../figures.ts';
import type { Step } from '../step.ts';

const LOOK: Call = { method: 'GET', path: '/api/v1/model_serving/rollouts?model_id=iris' };

export const countAnswers: Step = {
  title: 'What the clients saw',
  why: 'Two updates went over them, one to a version that fails.',
  play: async ({ screen, client, traffic }) => {
    await traffic.end();
    const { sent, answered, errors, firstErrors, fallbacks, byVersion } = traffic.seen;
    screen.curl(client.url, LOOK);
    const { rollouts } = (await client.json(LOOK, RolloutList)).body;
    const covered = rollouts.reduce((sum, rollout) => sum + rollout.fallbacks.answered, 0);
    screen.fact('requests', count(sent), 'bold');
    screen.fact('answered', `${count(answered)}: ${listed(byVersion)}`);
    screen.fact('errors', `${errors} that a client saw`, errors === 0 ? ['bold', 'green'] : ['bold', 'red']);
    screen.fact('bad answers', `${covered}, each covered by the version that served before (x-fallback-from)`);
    if (errors > 0) throw new Unexpected(`clients saw ${errors} errors: ${firstErrors.join('; ')}`);
    if (answered !== sent) throw new Unexpected(`${sent - answered} requests were not answered`);
    if (fallbacks !== covered) throw new Unexpected(`clients saw ${fallbacks} fallbacks, the server ${covered}`);
  },
};

function listed(byVersion: ReadonlyMap<string, number>): string {
  const versions = [...byVersion].toSorted(([a], [b]) => a.localeCompare(b));
  return versions.map(([version, answers]) => `${count(answers)} by version ${version}`).join(', ');
}
