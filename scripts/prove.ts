/** `npm run prove`: updates real models under load to good and to bad versions, and writes what became of them. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { busyShare, circumstances } from '../benchmarks/report/circumstances.ts';
import { Server } from '../test/helpers/acceptance/server.ts';
import type { UpdateResult } from '../test/helpers/updates/updated-model.ts';
import { claimsOf } from './prove/claims.ts';
import { IDLE_MODEL_ID, updateIdleModel } from './prove/idle-update.ts';
import { leftProcesses } from './prove/left-processes.ts';
import { HELP, type ProveOptions, parseOptions } from './prove/options.ts';
import { renderReport } from './prove/report.ts';
import { runUpdates } from './prove/run-updates.ts';

const OUT = fileURLToPath(new URL('../docs/proof.md', import.meta.url));

async function main(): Promise<number> {
  let options: ProveOptions;
  try {
    options = parseOptions(process.argv.slice(2), OUT);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (options.wantsHelp) {
    console.log(HELP);
    return 0;
  }
  // What it was before anything is written.
  const facts = {
    ...circumstances(1),
    'processors that others used before': `${Math.round(100 * (await busyShare()))} %`,
  };
  await using server = await Server.start({ args: ['--hang-limit', '1s'] });
  const run = await runUpdates(server, options, progress(options));
  // Alone: what it waits for is to be its own stages.
  const idle = await updateIdleModel(server);
  const measured = { run, idle, left: await leftProcesses(server, [IDLE_MODEL_ID]) };
  writeFileSync(options.out, renderReport({ options, circumstances: facts, measured }));
  const claims = claimsOf(measured);
  for (const { text, measured, holds } of claims) console.log(`${holds ? 'holds' : 'FAILS'}  ${text}: ${measured}`);
  return claims.every(({ holds }) => holds) ? 0 : 1;
}

function progress({ good, bad, identical }: ProveOptions): (result: UpdateResult) => void {
  const startedAt = performance.now();
  let done = 0;
  return ({ kind, rollout, tally }) => {
    done += 1;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    const end = rollout.pause === null ? rollout.outcome : `paused, ${rollout.pause.reason}`;
    const reason = rollout.rollback === null ? '' : ` (${rollout.rollback.reason})`;
    const seen = `${tally.sent} requests, ${tally.fallbacks} covered, ${tally.faults.length} faults`;
    console.log(`${seconds} s, ${done} of ${good + bad + identical}: ${kind.name} ${end}${reason}; ${seen}`);
  };
}

process.exitCode = await main();
