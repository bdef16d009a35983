import { z } from 'zod';
import { Status } from '../../../http/schemas/status.ts';
import { Unexpected } from '../../client.ts';
import type { Group } from '../check.ts';

const ServerMetadata = z.object({ name: z.string(), version: z.string() });

export const server: Group = {
  title: 'Server',
  checks: [
    {
      title: 'An EchoServe answers',
      run: async ({ client }) => {
        const { body, ms } = await client.json({ method: 'GET', path: '/v2' }, ServerMetadata);
        if (body.name !== 'echoserve') throw new Unexpected(`it is a server called ${JSON.stringify(body.name)}`);
        return `version ${body.version}, in ${ms.toFixed(1)} ms`;
      },
    },
    {
      title: 'It may be managed',
      run: async ({ client }) => {
        const { phase, engine, overview } = (
          await client.json({ method: 'GET', path: '/api/v1/model_serving/status' }, Status)
        ).body;
        return `${phase}; ${engine.name} ${engine.version}; ${overview.known_models} models known, ${overview.resident_versions} versions in memory`;
      },
    },
  ],
};
