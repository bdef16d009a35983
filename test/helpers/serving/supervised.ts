import { type Mock, onTestFinished, vi } from 'vitest';
import type { RunRequest } from '../../../src/serving/ports/engine.ts';
import { type Supervised, Supervisor } from '../../../src/serving/running/supervisor.ts';
import { ThreadShares } from '../../../src/serving/running/thread-shares.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakePayloads } from './fake-payloads.ts';
import { HANG_LIMIT_MS, silentLogger } from './serving.ts';

const NEVER = new AbortController().signal;

type ToldOf = 'onLost' | 'onFresh' | 'onFailed';

interface SupervisedRoom extends Readonly<{ [K in ToldOf]: Mock<Supervised[K]> }> {
  readonly clock: FakeClock;
  readonly engine: FakeEngine;
  readonly supervisor: Supervisor;
  readonly shares: ThreadShares;
  readonly request: (more?: Partial<RunRequest>) => RunRequest;
}

/** A supervisor of so many fakes, which answer nothing until they are told to. It is stopped when the test ends. */
export async function openSupervised(instances = 1, maxQueueLength = 100): Promise<SupervisedRoom> {
  const [clock, engine, payloads] = [new FakeClock(), new FakeEngine(), new FakePayloads()];
  engine.behaviour = () => undefined;
  const prepared = await engine.prepare('/model.onnx', NEVER);
  const batching = { maxBatchSize: 32, maxQueueDelayUs: 0, preferredBatchSizes: [] };
  const sequences = { maxSequences: 1000, sequenceIdleMs: 60_000, mayHaveLost: false };
  const spec = { modelId: 'iris', version: '1', prepared, ...batching, warmUpRuns: 0, labels: {}, ...sequences };
  const shares = new ThreadShares({ count: 8, intraOpThreads: undefined });
  const threads = shares.take('iris', instances, undefined);
  const told = {
    onLost: vi.fn<Supervised['onLost']>(),
    onFresh: vi.fn<Supervised['onFresh']>(),
    onFailed: vi.fn<Supervised['onFailed']>(),
  };
  const start = () => engine.start({ ...spec, intraOpThreads: threads.threads() }, NEVER);
  const supervisor = new Supervisor(
    { engine, clock, logger: silentLogger, hangLimitMs: HANG_LIMIT_MS },
    { spec, threads, startLimitMs: 1000, maxQueueLength, ...told },
    await Promise.all(Array.from({ length: instances }, start)),
  );
  onTestFinished(() => supervisor.stop());
  const request = (more: Partial<RunRequest> = {}): RunRequest => ({
    payload: payloads.of('{}'),
    headerLength: undefined,
    contentEncoding: undefined,
    acceptEncoding: undefined,
    arrivedAtMs: clock.monotonicMs(),
    deadlineMs: clock.monotonicMs() + 30_000,
    priority: undefined,
    alone: false,
    signal: undefined,
    ...more,
  });
  return { clock, engine, supervisor, shares, request, ...told };
}
