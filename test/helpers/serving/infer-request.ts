import { parseModelId } from '../../../src/core/model/model-id.ts';
import type { Payload } from '../../../src/serving/ports/payload.ts';
import type { InferRequest } from '../../../src/serving/service.ts';

/** A request without any wishes; the test says which it has. */
export function inferRequest(modelId: string, payload: Payload, wishes: Partial<InferRequest> = {}): InferRequest {
  return {
    modelId: parseModelId(modelId),
    version: undefined,
    payload,
    headerLength: undefined,
    contentEncoding: undefined,
    acceptEncoding: undefined,
    timeoutMs: undefined,
    priority: undefined,
    signal: undefined,
    ...wishes,
  };
}
