import type { Section } from '../../context.ts';
import { cyclesFinding, cyclesTable } from './cycle-results.ts';
import { measureCycles } from './cycles.ts';
import { measureModels } from './each-model.ts';
import { INFERENCES } from './load-and-infer.ts';
import { modelFindings, modelTable } from './model-results.ts';
import { copyOfNode } from './own-node.ts';

export const MEMORY: Section = {
  title: 'Memory of loaded models, and over cycles of load, infer, unload',
  method: `A 67 MB model is loaded, asked ${INFERENCES} times and unloaded, over and over. Another process sums the proportional set sizes (PSS) of the server's process tree, once they are steady, and adds what the files take that the tree has open in shared memory. Then every model of the benchmark is loaded alone and asked ${INFERENCES} times: the footprint that EchoServe reports (it samples every 5 s) is compared with the PSS of the model's process, read from outside at the same time. What a model costs is what the tree has more with it than after its unload: pages of node that the first process and the model's share are in the PSS of both by halves, and are there without the model too.`,
  run: async (context) => {
    const node = copyOfNode(context);
    const naive = await measureCycles(context, 'naive', node);
    const ours = await measureCycles(context, 'EchoServe', node);
    const models = await measureModels(context, node);
    return {
      tables: [cyclesTable([naive, ours]), modelTable(models)],
      findings: [...modelFindings(models), cyclesFinding(ours)],
    };
  },
};
