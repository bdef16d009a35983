import type { z } from 'zod';
import type { ModelView, VersionState, VersionView } from '../../serving/overview/views.ts';
import type { ModelMetadata, RepositoryIndex } from '../schemas/open-inference.ts';
import { presentTensor } from './model-version.ts';

export const PLATFORM = 'onnxruntime_onnx';

type IndexEntry = z.output<typeof RepositoryIndex>[number];

const REPOSITORY_STATES: Readonly<Record<VersionState, IndexEntry['state']>> = {
  absent: 'UNAVAILABLE',
  loading: 'LOADING',
  ready: 'READY',
  draining: 'UNLOADING',
  failed: 'UNAVAILABLE',
};

export function presentMetadata(model: ModelView, version: VersionView): z.output<typeof ModelMetadata> {
  return {
    name: model.modelId,
    versions: model.versions.map((each) => each.version),
    platform: PLATFORM,
    inputs: version.inputs.map(presentTensor),
    outputs: version.outputs.map(presentTensor),
  };
}

export function presentIndex(models: readonly ModelView[], readyOnly: boolean): z.output<typeof RepositoryIndex> {
  return models
    .flatMap((model) => model.versions)
    .filter((version) => !readyOnly || version.state === 'ready')
    .map((version) => ({
      name: version.modelId,
      version: version.version,
      state: REPOSITORY_STATES[version.state],
      reason: version.reason ?? (version.state === 'absent' ? 'not loaded' : ''),
    }));
}
