import { Loaded } from '../../../http/schemas/load.ts';
import type { Call } from '../../call.ts';
import { fromGigabytes, megabytes, milliseconds } from '../../figures.ts';
import type { Step } from '../step.ts';

const CALL: Call = {
  method: 'POST',
  path: '/api/v1/model_serving/load',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model_id: 'iris', version: '1' }),
};

export const loadAModel: Step = {
  title: 'Load a model',
  why: 'Each version runs in a process of its own: what it costs can be measured, and it can not take the server down.',
  play: async ({ screen, client }) => {
    screen.curl(client.url, CALL);
    const { body } = await client.json(CALL, Loaded);
    const shapes = [...body.inputs, ...body.outputs].map(
      ({ name, datatype, shape }) => `${name} ${datatype} [${shape}]`,
    );
    screen.fact('model', `${body.model_id}, version ${body.version}`, 'bold');
    screen.fact('state', body.state, 'green');
    screen.fact('loaded in', `${milliseconds(body.load_time_ms)}, its golden probes passed included`);
    screen.fact('process', `${body.runner_pid}`);
    screen.fact(
      'memory',
      `${megabytes(fromGigabytes(body.allocation.measured_memory_gb))}, measured in its process (PSS)`,
    );
    screen.fact('parameters', `${body.allocation.parameter_count}`);
    screen.fact('tensors', shapes.join(', '));
  },
};
