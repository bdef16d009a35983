import { Problem } from '../../../http/schemas/errors.ts';
import type { Call } from '../../call.ts';
import type { Step } from '../step.ts';

const CALL: Call = {
  method: 'POST',
  path: '/api/v1/model_serving/models/iris/infer',
  body: JSON.stringify({ inputs: [{ name: 'measurements', datatype: 'FP32', shape: [1, 3], data: [5.1, 3.8, 1.6] }] }),
};

export const askWrongly: Step = {
  title: 'Ask wrongly',
  why: 'Three measurements where the model wants four: the answer says which input, what came and what was expected.',
  play: async ({ screen, client }) => {
    screen.curl(client.url, CALL);
    const { body, status, headers } = await client.json(CALL, Problem, 400);
    screen.fact('status', `${status} ${body.title}`, 'yellow');
    screen.fact('type', body.type);
    screen.fact('detail', body.detail, 'bold');
    if (body.next !== undefined) screen.fact('next', body.next);
    screen.fact('request id', headers.get('x-request-id') ?? '');
  },
};
