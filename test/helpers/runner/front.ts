/** Run as a process: starts a runner for the model named, prints its pid, and stays. */
import { EngineRoom } from './engine.ts';

const room = new EngineRoom();
const runner = await room.start(process.argv[2] ?? '');
console.log(runner.pid);
setInterval(() => {}, 1000);
