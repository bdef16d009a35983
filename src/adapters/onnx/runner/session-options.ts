import type { InferenceSession } from 'onnxruntime-node';

export interface SessionChoices {
  readonly intraOpThreads: number;
  readonly shareWeights: boolean;
}

/**
 * A run's threads wait for each other by spinning, which is quicker than by sleeping. They do so for a moment only, and
 * not between runs: otherwise the threads of one model keep those of others, and the front, from the processors (a model
 * of 2 ms on two: 0.6 to 0.9 ms of processor time less per run, and the same latency).
 */
const SPIN_WITHIN_RUNS = {
  force_spinning_stop: '1',
  intra_op: { spin_duration_us: '50' },
};

/**
 * Matrix multiplication and convolution like weights in layouts of their own, for which onnxruntime copies them when it
 * loads a model: by prepacking, and by the last level of graph optimization. Without either it runs on the pages of the
 * external data file that it maps, which are every process's.
 */
const ON_MAPPED_WEIGHTS = { disable_prepacking: '1' };

/** What runners ask of onnxruntime. The keys of `extra` are those of onnxruntime_session_options_config_keys.h. */
export function sessionOptions({ intraOpThreads, shareWeights }: SessionChoices): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: shareWeights ? 'extended' : 'all',
    extra: { session: { ...SPIN_WITHIN_RUNS, ...(shareWeights ? ON_MAPPED_WEIGHTS : {}) } },
  };
}
