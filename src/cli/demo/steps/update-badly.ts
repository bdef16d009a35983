import { Unexpected } from '../../client.ts';
import { addWidthTable } from '../repository.ts';
import { showUpdate } from '../show-update.ts';
import type { Step } from '../step.ts';

export const updateBadly: Step = {
  title: 'Update to a bad version',
  why: 'Version 3 looks the species up by the width of the petal. It is right, and quick; but its table ends at 2.2 cm, and it fails on every wider petal. No probe was recorded that would show it.',
  play: async (stage) => {
    const { screen, repository } = stage;
    await addWidthTable(repository);
    screen.command(['$ cp width-table.onnx models/iris/3/model.onnx']);
    const { outcome, rollback, traffic, fallbacks } = await showUpdate(stage, '3');
    if (outcome !== 'rolled_back' || rollback === null) throw new Unexpected(`the update was ${outcome}`);
    screen.fact('outcome', `${outcome}: ${rollback.reason}`, ['bold', 'red']);
    screen.fact('it failed', `${traffic.new.failures} of the ${traffic.new.samples} requests that it was given`);
    screen.fact('fallback', `${fallbacks.answered} of them were answered by version 2 instead`, ['bold', 'green']);
  },
};
