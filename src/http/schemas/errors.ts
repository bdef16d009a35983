import { z } from 'zod';
import { ERROR_TABLE } from '../error-table.ts';
import { OPEN_INFERENCE_DIALECT, PROBLEM_DIALECT } from '../errors/dialect.ts';

export const Problem = z
  .looseObject({
    type: z.string().meta({ description: 'The error\'s stable name, "urn:echoserve:error:" and a code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What was wrong with this request.' }),
    instance: z.string().meta({ description: 'The request id.' }),
    next: z.string().optional().meta({ description: 'What can be done about it.' }),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457, with the figures and names behind the error as further members.',
    examples: [
      {
        type: 'urn:echoserve:error:model_not_found',
        title: 'Unknown model',
        status: 404,
        detail: 'There is no model "iris".',
        instance: '3f0c2a52-6b1c-4a6e-9d52-0f6a8f7f3b7e',
      },
    ],
  });

export const OpenInferenceError = z
  .object({ error: z.string() })
  .meta({ id: 'OpenInferenceError', examples: [{ error: 'There is no model "iris".' }] });

interface ErrorResponse {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

type ErrorResponses = Readonly<Record<number, ErrorResponse>>;

/** The error responses of a route under `/api` or of a probe. */
export function problems(...statuses: readonly number[]): ErrorResponses {
  return responses(statuses, PROBLEM_DIALECT.contentType, Problem);
}

/** The error responses of a route under `/v2`. */
export function openInferenceErrors(...statuses: readonly number[]): ErrorResponses {
  return responses(statuses, OPEN_INFERENCE_DIALECT.contentType, OpenInferenceError);
}

function responses(statuses: readonly number[], contentType: string, schema: z.ZodType): ErrorResponses {
  const mediaType = contentType.split(';', 1)[0] ?? contentType;
  return Object.fromEntries(
    statuses.map((status) => [status, { description: titlesOf(status), content: { [mediaType]: { schema } } }]),
  );
}

function titlesOf(status: number): string {
  const titles = Object.values(ERROR_TABLE).filter((entry) => entry.status === status);
  return titles.map((entry) => entry.title).join(' · ');
}

/** What any route can answer: a malformed request, keys, a fault of ours. */
export const EVERY_ROUTE = [400, 401, 403, 500] as const;
/** Reads about one model. */
export const MODEL_READ = [...EVERY_ROUTE, 404] as const;
/** A route with a JSON body. */
export const JSON_BODY = [408, 413, 415] as const;
export const INFERENCE = [...EVERY_ROUTE, 404, 408, 409, 413, 415, 429, 499, 503, 504, 507] as const;
