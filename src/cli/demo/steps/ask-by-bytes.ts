import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Call } from '../../call.ts';
import { EXAMPLES } from '../../child-server.ts';
import { Unexpected } from '../../client.ts';
import { bar, milliseconds, percent } from '../../figures.ts';
import type { Screen } from '../../screen.ts';
import { digitPicture } from '../digit-picture.ts';
import { InferAnswer, output } from '../inference.ts';
import type { Step } from '../step.ts';

const SIDE = 8;
/** The grey level that stands for white in these images. */
const WHITE = 16;
const HEADER_LENGTH = 'inference-header-content-length';

const Probe = z.object({
  request: z.object({ inputs: z.tuple([z.object({ data: z.array(z.number()).length(SIDE * SIDE) })]) }),
});

export const askByBytes: Step = {
  title: 'Ask by bytes',
  why: 'Tensors may travel as raw bytes both ways. The model was not loaded yet: the request loads it.',
  play: async ({ screen, client }) => {
    const pixels = await readPixels();
    const { call, headerBytes, pixelBytes } = binaryCall(pixels);
    screen.curl(client.url, call);
    const answer = await client.bytes(call);
    const { label, shares } = readAnswer(answer.body, Number(answer.headers.get(HEADER_LENGTH)));
    draw(screen, pixels, shares);
    screen.lines(['']);
    screen.fact('read as', `a ${label}`, ['bold', 'green']);
    screen.fact('sent', `${headerBytes} bytes of JSON, then ${pixelBytes} bytes of pixels`);
    screen.fact('received', `${answer.body.byteLength} bytes, the probabilities as raw FP32`);
    screen.fact('answered in', `${milliseconds(answer.ms)}, loading included, by ${answer.headers.get('x-served-by')}`);
  },
};

/** A seven, from the requests that the model's author recorded with it. */
async function readPixels(): Promise<readonly number[]> {
  const text = await readFile(join(EXAMPLES, 'digits', '2', 'probes', 'a-seven.json'), 'utf8');
  return Probe.parse(JSON.parse(text)).request.inputs[0].data;
}

function binaryCall(pixels: readonly number[]): {
  readonly call: Call;
  readonly headerBytes: number;
  readonly pixelBytes: number;
} {
  const tensor = littleEndian(pixels);
  const header = new TextEncoder().encode(
    JSON.stringify({
      inputs: [
        {
          name: 'image',
          datatype: 'FP32',
          shape: [1, 1, SIDE, SIDE],
          parameters: { binary_data_size: tensor.byteLength },
        },
      ],
      outputs: [{ name: 'label' }, { name: 'probabilities', parameters: { binary_data: true } }],
    }),
  );
  const bytes = new Uint8Array(header.byteLength + tensor.byteLength);
  bytes.set(header);
  bytes.set(tensor, header.byteLength);
  return {
    call: {
      method: 'POST',
      path: '/v2/models/digits/infer',
      headers: { [HEADER_LENGTH]: `${header.byteLength}` },
      body: { bytes, file: 'seven.bin' },
    },
    headerBytes: header.byteLength,
    pixelBytes: tensor.byteLength,
  };
}

function readAnswer(
  body: Uint8Array,
  headerBytes: number,
): { readonly label: string; readonly shares: readonly number[] } {
  const json = InferAnswer.parse(JSON.parse(new TextDecoder().decode(body.subarray(0, headerBytes))));
  const [label] = output(json, 'label').data ?? [];
  const tensor = new DataView(body.buffer, body.byteOffset + headerBytes, body.byteLength - headerBytes);
  if (label === undefined || tensor.byteLength !== 10 * 4) throw new Unexpected('the answer has no ten probabilities');
  return { label: `${label}`, shares: Array.from({ length: 10 }, (_, digit) => tensor.getFloat32(digit * 4, true)) };
}

function littleEndian(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  for (const [index, number] of numbers.entries()) view.setFloat32(index * 4, number, true);
  return new Uint8Array(view.buffer);
}

/** The picture and its frame are as high as there are digits: a bar stands beside each of its rows. */
function draw(screen: Screen, pixels: readonly number[], shares: readonly number[]): void {
  const best = shares.indexOf(Math.max(...shares));
  const lines = digitPicture(pixels, SIDE, WHITE).map((row, digit) => {
    const share = shares[digit] ?? 0;
    const chances = `${digit}  ${percent(share).padStart(7)}  ${bar(share, 24)}`;
    return `${row}    ${digit === best ? screen.style(['bold', 'green'], chances) : screen.style('dim', chances)}`;
  });
  screen.lines(lines);
}
