import { Unexpected } from '../../client.ts';
import { count } from '../../figures.ts';
import { showUpdate } from '../show-update.ts';
import type { Step } from '../step.ts';

export const updateWell: Step = {
  title: 'Update to a good version',
  why: 'Version 2 gets 5 % of the requests, then more, as long as nothing speaks against it. E is the wealth of somebody who bets that it is worse: at π·E = 100 it would be rolled back, which a good one is once in a hundred updates at most.',
  play: async (stage) => {
    const { screen } = stage;
    const { outcome, rollback, traffic, pairs } = await showUpdate(stage, '2');
    if (outcome !== 'completed') throw new Unexpected(`the update was ${outcome}: ${rollback?.reason}`);
    screen.fact('outcome', outcome, ['bold', 'green']);
    screen.fact(
      'answered',
      `${count(traffic.old.samples)} by version 1 and ${count(traffic.new.samples)} by version 2`,
    );
    screen.fact('compared', `${pairs.run} requests on both, neither failed alone`);
    screen.fact(
      'version 1',
      'stays in memory for ten minutes: POST …/models/iris/rollback would bring it back at once',
    );
  },
};
