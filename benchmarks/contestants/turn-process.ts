/** A process with one model that answers each message with a run: what a runner is, and nothing else. Argument: the model. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from './session-options.ts';

const [path = ''] = process.argv.slice(2);
const session = await InferenceSession.create(path, sessionOptions(1));

process.on('message', async (values: number[]) => {
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(values), [1, values.length]) });
  // The models of the section answer with FP32.
  process.send?.(Array.from(y?.data as Float32Array));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
