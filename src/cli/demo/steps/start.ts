import { ModelList } from '../../../http/schemas/model.ts';
import { milliseconds } from '../../figures.ts';
import type { Step } from '../step.ts';

export const start: Step = {
  title: 'A server starts',
  why: 'It finds the models in a directory and loads none of them yet, so it is there at once.',
  play: async ({ screen, client, server }) => {
    screen.command(['$ npm start -- --model-repository examples/models']);
    const { body } = await client.json({ method: 'GET', path: '/api/v1/model_serving/models' }, ModelList);
    screen.fact('listens on', server.url, 'bold');
    screen.fact('after', milliseconds(server.startMs));
    for (const { model_id, versions, description } of body.models) {
      const numbers = versions.map(({ version }) => version).join(', ');
      screen.fact(model_id, `versions ${numbers}. ${description ?? ''}`);
    }
  },
};
