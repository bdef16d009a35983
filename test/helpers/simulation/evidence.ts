import type { LiveEvent } from '../../../src/core/rollout/evidence/live.ts';
import type { Arm, Draw } from '../../../src/core/traffic/assignment.ts';

/** Draws and events as short as the tests need them. */

export function blockDraw(block: number, newSlots: number): Draw {
  return { by: 'block', block, newSlots };
}

export function keyDraw(key: string, weight: number): Draw {
  return { by: 'key', key, weight };
}

export function liveEvent(arm: Arm, draw: Draw, stage = 1): LiveEvent {
  return { arm, draws: [draw], leastProbability: 0, stage };
}
