/**
 * Loaded with `--import` ahead of a server under measurement, which itself knows nothing of it: keeps the histogram of
 * its event loop's delays, and on SIGWINCH writes the figures to a file and starts anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env['BENCH_LOOP_DELAY_FILE'];

// Worker threads load their parent's preloads too.
if (isMainThread && file !== undefined) {
  // 1 ms is the finest there is; the monitor counts from tick to tick, so an idle loop shows about 1 ms.
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  process.on('SIGWINCH', () => {
    const figures = {
      maxMs: histogram.max / 1e6,
      p99Ms: histogram.percentile(99) / 1e6,
      p50Ms: histogram.percentile(50) / 1e6,
    };
    histogram.reset();
    writeFileSync(`${file}.part`, JSON.stringify(figures));
    renameSync(`${file}.part`, file);
  });
}
