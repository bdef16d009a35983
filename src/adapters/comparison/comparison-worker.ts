import { parentPort } from 'node:worker_threads';
import { compareAnswers } from '../../core/tensor/compare-answers.ts';
import { readAnswer } from '../../core/tensor/read-answer.ts';
import type { ComparedAnswer } from '../../serving/ports/comparison.ts';
import type { ComparisonReply, ComparisonRequest } from './messages.ts';

/** The entry of the thread that compares answers, one pair after the other. */

const port = parentPort;
if (port === null) throw new Error('comparison-worker runs as a worker thread only');

const outputsOf = ({ body, headerLength }: ComparedAnswer) => readAnswer(body, headerLength);

function replyTo({ id, serving, candidate }: ComparisonRequest): ComparisonReply {
  try {
    return { id, ok: true, comparison: compareAnswers(outputsOf(serving), outputsOf(candidate)) };
  } catch (error) {
    return { id, ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

port.on('message', (request: ComparisonRequest) => port.postMessage(replyTo(request)));
