import { z } from 'zod';
import { camelMembers } from '../../../core/casing.ts';
import { AppError } from '../../../core/errors.ts';
import { parseModelId } from '../../../core/model/model-id.ts';
import { parseVersionSelector } from '../../../core/model/version.ts';
import type { DryRunRequest } from '../../../serving/memory/dry-runs.ts';
import type { LoadRequest } from '../../../serving/service.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentDryRun } from '../../presenters/dry-run.ts';
import { presentVersion } from '../../presenters/model-version.ts';
import { NoQuery } from '../../schemas/common.ts';
import { DESCRIPTION_NAMES, DryRun } from '../../schemas/dry-run.ts';
import { EVERY_ROUTE, JSON_BODY, problems } from '../../schemas/errors.ts';
import { LoadBody, Loaded } from '../../schemas/load.ts';
import { sourceOf } from './source.ts';

type LoadFields = z.output<typeof LoadBody>;

export function loadRoute(app: ZodApp, { serving }: RouteDependencies): void {
  app.post(
    '/load',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['models'],
        operationId: 'loadModel',
        summary: 'Loads a version of a model',
        description:
          'The first version of a model that is loaded serves it. A version that is resident already is answered at once, unless `force_reload` is set. With `wait: false` the answer is 202, and the model tells how the load goes on.',
        querystring: NoQuery,
        body: LoadBody,
        response: {
          200: z.union([Loaded, DryRun]).describe('The version; for a dry run, what a load would need and meet.'),
          202: Loaded.describe('The load has begun.'),
          ...problems(...EVERY_ROUTE, ...JSON_BODY, 404, 409, 422, 499, 502, 503, 504, 507),
        },
      },
    },
    async (request, reply) => {
      if (request.body.dry_run) return presentDryRun(await serving.dryRun(dryRunRequest(request.body)));
      const load = loadRequest(request.body);
      // Nobody waits for a load in the background: that the connection ends says nothing about it.
      const signal = load.wait ? disconnectSignal(reply.raw) : new AbortController().signal;
      const { version, cacheHit } = await serving.load(load, signal);
      if (!load.wait) {
        reply.code(202).header('location', `${app.prefix}/models/${encodeURIComponent(load.modelId)}`);
      }
      return { ...presentVersion(version), cache_hit: cacheHit };
    },
  );
}

function dryRunRequest(fields: LoadFields): DryRunRequest {
  if (fields.source !== undefined) {
    throw new AppError('invalid_request', 'A dry run brings no files: "source" can not be looked at.', {
      next: 'Describe the model by "parameters" and "dtype", or name one that is here.',
    });
  }
  return {
    modelId: parseModelId(fields.model_id),
    version: parseVersionSelector(fields.version),
    options: camelMembers(fields.options),
    forceReload: fields.force_reload,
    description: descriptionOf(fields),
  };
}

function descriptionOf(fields: LoadFields): DryRunRequest['description'] {
  const given = DESCRIPTION_NAMES.filter((name) => fields[name] !== undefined);
  if (given.length === 0) return undefined;
  const { parameters, dtype } = fields;
  if (parameters === undefined || dtype === undefined) {
    throw new AppError('invalid_request', `A description needs "parameters" and "dtype"; it has ${given.join(', ')}.`);
  }
  return {
    parameters,
    dtype,
    contextLength: fields.context_length,
    layers: fields.layers,
    kvHeads: fields.kv_heads,
    headSize: fields.head_size,
    sequences: fields.sequences,
  };
}

function loadRequest(fields: LoadFields): LoadRequest {
  const described = DESCRIPTION_NAMES.find((name) => fields[name] !== undefined);
  if (described !== undefined) {
    throw new AppError(
      'invalid_request',
      `"${described}" describes a model for a dry run; a load has files to look at.`,
      {
        next: 'Set "dry_run" to true, or leave it out.',
      },
    );
  }
  return {
    modelId: parseModelId(fields.model_id),
    version: parseVersionSelector(fields.version),
    ...sourceOf(fields),
    options: camelMembers(fields.options),
    pinned: fields.pinned,
    forceReload: fields.force_reload,
    wait: fields.wait,
  };
}
