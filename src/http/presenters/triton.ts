import type { z } from 'zod';
import type { TensorSpec } from '../../core/model/signature.ts';
import type { LatencySummary, VersionView } from '../../serving/overview/views.ts';
import type { ModelConfig, ModelStatistics } from '../schemas/triton.ts';
import { PLATFORM } from './open-inference.ts';

type Config = z.output<typeof ModelConfig>;
type VersionStatistics = z.output<typeof ModelStatistics>['model_stats'][number];

export function presentConfig(view: VersionView): Config {
  const dims = (spec: TensorSpec) => (view.batchable ? spec.shape.slice(1) : [...spec.shape]);
  return {
    name: view.modelId,
    platform: PLATFORM,
    backend: 'onnxruntime',
    version_policy: { specific: { versions: [view.version] } },
    max_batch_size: view.batchable ? view.maxBatchSize : 0,
    input: view.inputs.map((spec) => ({
      name: spec.name,
      data_type: dataType(spec),
      format: 'FORMAT_NONE',
      dims: dims(spec),
      is_shape_tensor: false,
      allow_ragged_batch: false,
      optional: false,
    })),
    output: view.outputs.map((spec) => ({
      name: spec.name,
      data_type: dataType(spec),
      dims: dims(spec),
      label_filename: '',
      is_shape_tensor: false,
    })),
    batch_input: [],
    batch_output: [],
    instance_group: [{ name: `${view.modelId}_0`, kind: 'KIND_CPU', count: view.instances, gpus: [] }],
    default_model_filename: 'model.onnx',
    ...(view.batchable ? { dynamic_batching: dynamicBatching(view) } : {}),
    parameters: {},
    model_warmup: [],
  };
}

/** A queue that forms while the model is busy is the next batch, whatever these are. */
function dynamicBatching(view: VersionView): Config['dynamic_batching'] {
  return {
    preferred_batch_size: [...view.preferredBatchSizes],
    max_queue_delay_microseconds: view.maxQueueDelayUs,
  };
}

export function presentModelStatistics(views: readonly VersionView[]): z.output<typeof ModelStatistics> {
  return { model_stats: views.map(versionStatistics) };
}

function versionStatistics({ modelId, version, statistics }: VersionView): VersionStatistics {
  const { latency } = statistics;
  const failures = Object.values(statistics.failed).reduce((sum, count) => sum + count, 0);
  return {
    name: modelId,
    version,
    last_inference: statistics.lastRequestAt ?? 0,
    inference_count: statistics.succeeded,
    execution_count: statistics.executions,
    inference_stats: {
      success: { count: statistics.succeeded, ns: nanoseconds(latency.total.sumMs) },
      fail: { count: failures, ns: 0 },
      queue: duration(latency.queue),
      compute_input: duration(latency.decode),
      compute_infer: duration(latency.compute),
      compute_output: duration(latency.encode),
    },
    batch_stats: Object.entries(statistics.batchSizes).map(([size, count]) => ({
      batch_size: Number(size),
      compute_input: { count, ns: 0 },
      compute_infer: { count, ns: 0 },
      compute_output: { count, ns: 0 },
    })),
  };
}

function duration(summary: LatencySummary): { count: number; ns: number } {
  return { count: summary.count, ns: nanoseconds(summary.sumMs) };
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}

function dataType({ datatype }: TensorSpec): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
