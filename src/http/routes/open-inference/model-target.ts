import { type ModelId, parseModelId } from '../../../core/model/model-id.ts';
import { parseVersion, type VersionName } from '../../../core/model/version.ts';

interface ModelTarget {
  readonly modelId: ModelId;
  /** Undefined: the version that serves. */
  readonly version: VersionName | undefined;
}

/** Which model a request is about. @throws AppError `invalid_request` */
export function modelTarget(params: { readonly model_id: string; readonly version?: string }): ModelTarget {
  return {
    modelId: parseModelId(params.model_id),
    version: params.version === undefined ? undefined : parseVersion(params.version),
  };
}
