import type { z } from 'zod';
import { Problem } from '../../../http/schemas/errors.ts';
import { RolledBack, Rollout } from '../../../http/schemas/rollout.ts';
import { Unexpected } from '../../client.ts';
import { milliseconds } from '../../figures.ts';
import { updateEvents } from '../../update-events.ts';
import type { Context, Group } from '../check.ts';

export const updates: Group = {
  title: 'Versions without downtime',
  checks: [
    {
      title: 'A second update is refused with 409',
      needs: 'model',
      run: async ({ client, subject, traffic }) => {
        traffic.begin();
        const { rollout_id } = await subject.update('2');
        const { body } = await client.json(subject.updateCall('2'), Problem, 409);
        if (body['rollout_id'] !== rollout_id) throw new Unexpected(`it does not name the first one: ${body.detail}`);
        return body.detail;
      },
    },
    {
      title: 'An update under load completes',
      needs: 'model',
      run: async (context) => {
        const ended = await endOf(context);
        if (ended.outcome !== 'completed') throw unlike('completed', ended);
        noErrors(context);
        return `${ended.traffic.old.samples} answers by version 1, ${ended.traffic.new.samples} by version 2, 0 errors`;
      },
    },
    {
      title: 'The previous version is kept',
      needs: 'model',
      run: async ({ subject }) => {
        const { serving_version, previous_version, versions } = await subject.look();
        const previous = versions.find(({ version }) => version === previous_version);
        if (serving_version !== '2' || previous?.version !== '1' || previous.state !== 'ready') {
          throw new Unexpected(`${serving_version} serves, ${previous_version} is ${previous?.state ?? 'unknown'}`);
        }
        return 'version 2 serves, version 1 is ready in memory';
      },
    },
    {
      title: 'A bad version is rolled back',
      needs: 'model',
      run: async (context) => {
        const before = context.traffic.seen.fallbacks;
        await context.subject.update('3');
        const { outcome, rollback, traffic, fallbacks, ...rest } = await endOf(context);
        if (outcome !== 'rolled_back') throw unlike('rolled_back', { outcome, ...rest });
        noErrors(context);
        const { serving_version } = await context.subject.look();
        if (serving_version !== '2') throw new Unexpected(`version ${serving_version} serves after it`);
        return `${rollback?.reason}; it failed ${traffic.new.failures} of ${traffic.new.samples}, ${fallbacks.answered} answered by version 2 (clients saw ${context.traffic.seen.fallbacks - before} so), 0 errors`;
      },
    },
    {
      title: 'A rollback returns to it at once',
      needs: 'model',
      run: async (context) => {
        const { client, subject } = context;
        const { body, ms } = await client.json({ method: 'POST', path: `${subject.path}/rollback` }, RolledBack);
        if (body.serving_version !== '1') throw new Unexpected(`version ${body.serving_version} serves after it`);
        noErrors(context);
        return `from version ${body.replaced_version} to ${body.serving_version} in ${milliseconds(ms)}, 0 errors`;
      },
    },
  ],
};

/** Waits for the end of the update that is under way. */
async function endOf({ client, subject, signal, headers }: Context): Promise<z.output<typeof Rollout>> {
  const { rollout } = await subject.look();
  if (rollout === null) throw new Unexpected('no update is under way');
  const path = `/api/v1/model_serving/rollouts/${rollout}`;
  for await (const event of updateEvents(`${client.url}${path}`, signal, headers)) {
    if (event.type === 'paused') throw new Unexpected(`the update was paused: ${event.reason}`);
  }
  return (await client.json({ method: 'GET', path }, Rollout)).body;
}

function unlike(wanted: string, { outcome, ...rest }: Pick<z.output<typeof Rollout>, 'outcome'>): Unexpected {
  return new Unexpected(`${outcome} instead of ${wanted}: ${JSON.stringify(rest).slice(0, 500)}`);
}

function noErrors({ traffic }: Context): void {
  const { errors, firstErrors } = traffic.seen;
  if (errors > 0) throw new Unexpected(`clients saw ${errors} errors: ${firstErrors.join('; ')}`);
}
