import type { Step } from './step.ts';
import { askAllAtOnce } from './steps/ask-all-at-once.ts';
import { askByBytes } from './steps/ask-by-bytes.ts';
import { askByJson } from './steps/ask-by-json.ts';
import { askByText } from './steps/ask-by-text.ts';
import { askWrongly } from './steps/ask-wrongly.ts';
import { countAnswers } from './steps/count-answers.ts';
import { crashAModel } from './steps/crash-a-model.ts';
import { letClientsCome } from './steps/let-clients-come.ts';
import { loadAModel } from './steps/load-a-model.ts';
import { lookInside } from './steps/look-inside.ts';
import { start } from './steps/start.ts';
import { stop } from './steps/stop.ts';
import { unload } from './steps/unload.ts';
import { updateBadly } from './steps/update-badly.ts';
import { updateWell } from './steps/update-well.ts';

/** In the order in which they are played. Each leaves the server as the next one wants it. */
export const STEPS: readonly Step[] = [
  start,
  loadAModel,
  askByJson,
  askByBytes,
  askByText,
  askWrongly,
  crashAModel,
  askAllAtOnce,
  letClientsCome,
  updateWell,
  updateBadly,
  countAnswers,
  lookInside,
  unload,
  stop,
];
