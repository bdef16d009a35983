import { Unloaded } from '../../../http/schemas/model-version.ts';
import { Unexpected } from '../../client.ts';
import { count, milliseconds } from '../../figures.ts';
import type { Group } from '../check.ts';

export const interruption: Group = {
  title: 'No interruption',
  checks: [
    {
      title: 'It is loaded anew while it is asked',
      needs: 'model',
      run: async ({ subject, traffic }) => {
        const before = traffic.seen;
        const { load_time_ms, version } = await subject.load('1', { force_reload: true });
        const { answered, errors, firstErrors } = traffic.seen;
        if (errors > before.errors) throw new Unexpected(`clients saw errors: ${firstErrors.join('; ')}`);
        return `version ${version} in ${milliseconds(load_time_ms)}, ${answered - before.answered} answers meanwhile`;
      },
    },
    {
      title: 'Another one comes and goes meanwhile',
      needs: 'model',
      run: async ({ client, subject }) => {
        const { load_time_ms } = await subject.load('2');
        const { body, ms } = await client.json({ method: 'DELETE', path: `${subject.path}?version=2` }, Unloaded);
        if (!body.unloaded.includes('2')) throw new Unexpected(`unloaded: ${body.unloaded.join(', ')}`);
        return `version 2 loaded in ${milliseconds(load_time_ms)}, unloaded in ${milliseconds(ms)}`;
      },
    },
    {
      title: 'Every request was answered',
      needs: 'model',
      run: async ({ traffic }) => {
        await traffic.end();
        const { sent, answered, errors, firstErrors } = traffic.seen;
        if (sent === 0) throw new Unexpected('no request was sent');
        if (errors > 0 || answered !== sent) {
          throw new Unexpected(`${answered} of ${sent}, ${errors} errors: ${firstErrors.join('; ')}`);
        }
        return `${count(answered)} of ${count(sent)} at ${traffic.perSecond} a second: loads, updates and unloads included`;
      },
    },
  ],
};
