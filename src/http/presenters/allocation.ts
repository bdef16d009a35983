import type { z } from 'zod';
import type { Allocation } from '../../core/memory/estimate.ts';
import type { VersionView } from '../../serving/overview/views.ts';
import type { Allocation as AllocationSchema, Estimate } from '../schemas/allocation.ts';
import { gigabytes, orNull } from './units.ts';

export function presentEstimate(allocation: Allocation): z.output<typeof Estimate> {
  return {
    model_memory_gb: allocation.modelBytes / 1e9,
    cache_memory_gb: allocation.cacheBytes / 1e9,
    dtesn_memory_gb: allocation.dtesnBytes / 1e9,
    total_estimated_gb: allocation.totalBytes / 1e9,
    allocation_strategy: allocation.strategy,
    dtype_optimization: allocation.dtypeOptimization,
    parameter_count: allocation.parameterCount,
    weight_gb: allocation.weightBytes / 1e9,
  };
}

export function presentAllocation(view: VersionView): z.output<typeof AllocationSchema> {
  return {
    ...(view.allocation === undefined ? unknownEstimate(view) : presentEstimate(view.allocation)),
    reserved_memory_gb: gigabytes(view.reservedBytes),
    measured_memory_gb: gigabytes(view.measuredBytes),
    peak_memory_gb: gigabytes(view.peakBytes),
    shared_memory_gb: gigabytes(view.sharedBytes),
    max_batch_size: view.maxBatchSize,
    max_queue_delay_us: view.maxQueueDelayUs,
    preferred_batch_sizes: [...view.preferredBatchSizes],
    instances: view.instances,
    intra_op_threads: orNull(view.intraOpThreads),
    intra_op_threads_from: orNull(view.threadsFrom),
    share_weights: view.shareWeights,
  };
}

/** Of a version that is not loaded, what its file alone tells. */
function unknownEstimate(view: VersionView) {
  return {
    model_memory_gb: null,
    cache_memory_gb: null,
    dtesn_memory_gb: null,
    total_estimated_gb: null,
    allocation_strategy: null,
    dtype_optimization: null,
    parameter_count: orNull(view.parameterCount),
    weight_gb: gigabytes(view.weightBytes),
  };
}
