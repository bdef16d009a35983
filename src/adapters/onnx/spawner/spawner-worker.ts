/**
 * The entry of the thread that starts processes and waits for their ends. It says nothing of its own to anyone and must
 * not fail: the kernel ends the processes of a thread that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { startProcessesThatYield, yieldSession } from '../../yield-to-front.ts';
import type { MeetingPlace, Program, SpawnerReply, SpawnerRequest } from './messages.ts';
import { StderrTail } from './stderr-tail.ts';

const port = parentPort;
if (port === null) throw new Error('spawner-worker runs as a worker thread only');

startProcessesThatYield();

const children = new Map<number, ChildProcess>();
const tell = (reply: SpawnerReply): void => port.postMessage(reply);

port.on('message', (request: SpawnerRequest) => {
  if (request.kind === 'start') void start(request.id, request.program, request.control);
  // Here and not in the front: this thread knows whether the pid is still the process's own.
  else children.get(request.id)?.kill('SIGKILL');
});

async function start(id: number, program: Program, place: MeetingPlace | undefined): Promise<void> {
  try {
    const control = place === undefined ? undefined : await meet(place);
    let child: ChildProcess;
    try {
      child = run(program, control);
    } finally {
      // The process has its own; either end must be the last of its kind, so that each side sees the other's end.
      control?.destroy();
    }
    if (child.pid === undefined) {
      const [reason] = await once(child, 'error');
      throw reason;
    }
    yieldSession(child.pid);
    watch(id, child);
    tell({ kind: 'started', id, pid: child.pid });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell({ kind: 'failed', id, message: `${program.command[0]} could not be started: ${reason}` });
  }
}

/** A connection to the front, of which this thread reads nothing: that is for the process. */
async function meet({ path, token }: MeetingPlace): Promise<Socket> {
  const socket = connect(path);
  socket.pause();
  try {
    await once(socket, 'connect');
    await new Promise<void>((resolve, reject) => {
      socket.write(token, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // Whatever becomes of it now, the process will notice.
  socket.on('error', () => {});
  return socket;
}

function run({ command, env, cwd, stdout, descriptors }: Program, control: Socket | undefined): ChildProcess {
  const [file = process.execPath, ...args] = command;
  return spawn(file, args, {
    stdio: ['ignore', stdout, 'pipe', ...(control === undefined ? [] : [control]), ...descriptors],
    env,
    cwd,
    // A session of its own: Ctrl-C in a terminal reaches the front only, which then drains before it ends runners; and
    // what a process uses of the processor is not counted as the front's use.
    detached: true,
  });
}

function watch(id: number, child: ChildProcess): void {
  children.set(id, child);
  const stderr = new StderrTail(child.stderr);
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stdout?.on('error', () => {});
  // A signal that could not be sent; the end comes all the same.
  child.on('error', () => {});
  // `close`, not `exit`: by then all it ever wrote has been read.
  child.once('close', (code, signal) => {
    children.delete(id);
    tell({ kind: 'closed', id, end: { code, signal, stdout, stderrTail: stderr.text } });
  });
}
