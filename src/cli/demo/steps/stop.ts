import { Unexpected } from '../../client.ts';
import { milliseconds } from '../../figures.ts';
import type { Step } from '../step.ts';

export const stop: Step = {
  title: 'Stop',
  why: 'On SIGTERM the server is not ready any more, answers what it has accepted, and leaves no process behind.',
  play: async ({ screen, server }) => {
    screen.command([`$ kill -TERM ${server.pid}`]);
    const beganAt = performance.now();
    const { code, signal } = await server.stop();
    if (code !== 0) throw new Unexpected(`the server ended with ${signal ?? `exit code ${code}`}`);
    screen.fact('exit code', `${code}`, ['bold', 'green']);
    screen.fact('after', milliseconds(performance.now() - beganAt));
  },
};
