import type { Section } from '../../context.ts';
import { measureConnections } from './connections.ts';
import { curveFindings, curveTable } from './curve.ts';
import { measureVersions } from './versions.ts';

const VERSIONS = 'resident versions';
const CONNECTIONS = 'open connections';

export const SCALE: Section = {
  title: 'Many versions, many connections',
  method:
    'Processor time per request of the front and of the runners, from `/proc/PID/task/*/schedstat` of the server’s process tree: what it does by itself meanwhile is in it. The models are perceptrons of a few KB, each in a process of its own with one intra-op thread; JSON bodies, a closed loop. Each measurement is followed by one of the same load at the smallest size (for versions: on a second server that has only one), and the ratio is the median of those within each round. Where all versions are asked in turn, 8 at a time, none has two requests at once: what requests to one version save by being read, run and written together can not be had there. And what a run finds in the processor’s caches, and compiled, where one process is asked again and again, it does not find where hundreds are asked in turn: the floor shows how much of that is the machine’s.',
  run: async (context) => {
    const connections = await measureConnections(context);
    const { curves, rest, floor } = await measureVersions(context);
    return {
      tables: [curveTable(VERSIONS, curves), floor, rest, curveTable(CONNECTIONS, connections)],
      findings: [...curveFindings(VERSIONS, curves), ...curveFindings(CONNECTIONS, connections)],
    };
  },
};
