import type { ZodFastifySchemaValidationError } from 'fastify-type-provider-zod';
import { AppError } from '../../core/errors.ts';

const MAX_ISSUES = 20;

interface FailedValidation {
  readonly validation: readonly ZodFastifySchemaValidationError[];
}

/** A request that does not fit its schema: names each field and what was expected there. */
export function validationError(error: FailedValidation): AppError {
  const issues = error.validation.slice(0, MAX_ISSUES).map((issue) => ({
    field: fieldOf(issue.instancePath, 'validationContext' in error ? String(error.validationContext) : 'request'),
    message: issue.message ?? 'is not valid',
  }));
  return new AppError(
    'invalid_request',
    `The request is not valid: ${issues.map((issue) => `${issue.field}: ${issue.message}`).join('; ')}.`,
    { details: { errors: issues }, next: 'Correct the fields named here; /docs describes each of them.' },
  );
}

function fieldOf(instancePath: string, context: string): string {
  const path = instancePath
    .split('/')
    .filter((part) => part !== '')
    .join('.');
  return path === '' ? context : `${context}.${path}`;
}
