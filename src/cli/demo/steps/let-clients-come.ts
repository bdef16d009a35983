import { setTimeout as sleep } from 'node:timers/promises';
import { Unexpected } from '../../client.ts';
import { count } from '../../figures.ts';
import type { Step } from '../step.ts';

const LOOK_AFTER_MS = 1500;

export const letClientsCome: Step = {
  title: 'Clients come',
  why: 'From now on the model is asked all the time, about flowers that somebody has really measured.',
  play: async ({ screen, traffic, signal }) => {
    traffic.begin();
    await sleep(LOOK_AFTER_MS, undefined, { signal });
    const { answered, errors, firstErrors, byVersion } = traffic.seen;
    if (errors > 0 || answered === 0) throw new Unexpected(`clients are not answered: ${firstErrors.join('; ')}`);
    screen.fact('asked', `${traffic.perSecond} times a second, whatever comes`, 'bold');
    for (const [version, answers] of byVersion)
      screen.fact('answered', `${count(answers)} by version ${version} so far`);
  },
};
