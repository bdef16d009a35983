/** A runner: one process, one model. Started by the engine with the descriptors below; ends when its socket closes. */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isBatchable } from '../../../core/model/signature.ts';
import { withoutState } from '../../../core/model/state.ts';
import { syntheticTensor } from '../../../core/tensor/synthetic.ts';
import { stopYieldingToModels, yieldToFront } from '../../yield-to-front.ts';
import { bodyReader } from './body.ts';
import { CONTROL_FD, REQUEST_ARENA_FD, RESPONSE_ARENA_FD } from './descriptors.ts';
import { exactClock } from './exact-clock.ts';
import { emptyFrame, type Frame, FrameReader, jsonFrame, Kind } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { type BeganMessage, decodeForget, decodeInfer, encodeBegan, type StartMessage } from './messages.ts';
import { Outbox } from './outbox.ts';
import { whyRowsDepend } from './row-check.ts';
import { Scheduler } from './scheduler.ts';
import { Session } from './session.ts';
import { slotWriter } from './slot-writer.ts';
import { WorkNote } from './work-note.ts';

/** Preferred by the kernel's out-of-memory killer over the front (0), though not over everything (1000). */
const OOM_SCORE_ADJ = '800';

try {
  writeFileSync('/proc/self/oom_score_adj', OOM_SCORE_ADJ);
} catch {
  // Not Linux, or not allowed: the kernel decides by size alone.
}

yieldToFront();

const socket = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
const warn = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
/** Answers of one batch leave together, once all of them are encoded. */
const writer = new FrameWriter(socket, (flush) => process.nextTick(flush));
const outbox = new Outbox({
  send: (frame) => writer.send(frame),
  writeSlot: slotWriter(RESPONSE_ARENA_FD),
  warn,
});
const note = new WorkNote(RESPONSE_ARENA_FD);
/** Until there was no room for it once. */
let canNote = true;
let scheduler: Scheduler | undefined;

function announce(work: BeganMessage, isToTell: boolean): Promise<void> | undefined {
  canNote = canNote && note.write(work);
  if (isToTell || !canNote) writer.send(encodeBegan({ ...work, isNoted: canNote }));
  return writer.left();
}

async function start(message: StartMessage): Promise<void> {
  const session = await Session.load(message.modelPath, {
    intraOpThreads: message.intraOpThreads,
    shareWeights: message.sharedFiles !== undefined && message.sharedFiles.length > 0,
  });
  for (let run = 0; run < message.warmUpRuns; run += 1) {
    try {
      await session.run(session.signature.inputs.map((input) => syntheticTensor(input, 1, run)));
    } catch (error) {
      // A model may refuse made-up inputs and still be right for real ones.
      warn(`warm-up was refused: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
  }
  const signature = withoutState(session.signature, message.state);
  const isBatched = message.maxBatchSize > 1 && isBatchable(signature);
  const rowsDepend = isBatched ? await whyRowsDepend(session) : undefined;
  const batchable = isBatched && rowsDepend === undefined;
  const readBody = bodyReader(REQUEST_ARENA_FD);
  stopYieldingToModels();
  scheduler = new Scheduler({
    session: { signature, run: (inputs) => session.run(inputs) },
    start: message,
    batchable,
    outbox,
    readBody,
    announce,
    clock: exactClock,
    warn,
    onSequences: (open) => writer.send(emptyFrame(Kind.sequences, open)),
  });
  writer.send(jsonFrame(Kind.ready, 0, { signature, rowsDepend }));
}

function handle(frame: Frame): void {
  switch (frame.kind) {
    case Kind.start:
      // The front wrote it with the same build; a parse failure ends the process, which is the answer.
      start(JSON.parse(frame.body.toString()) as StartMessage).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        socket.end(jsonFrame(Kind.failed, 0, { code: 'model_unloadable', message }));
      });
      break;
    case Kind.infer:
      scheduler?.accept(frame.id, decodeInfer(frame.body));
      break;
    case Kind.cancel:
      scheduler?.cancel(frame.id);
      break;
    case Kind.forget:
      scheduler?.forget(decodeForget(frame.body));
      break;
    case Kind.credit:
      outbox.credit(frame.id);
      break;
    default:
      throw new RangeError(`a frame of kind ${frame.kind}`);
  }
}

const reader = new FrameReader(handle);
socket.on('data', (chunk: Buffer) => reader.push(chunk));
// The front is gone, or wants this process to be.
socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(0));
