import type { Call } from '../../call.ts';
import { bar, milliseconds, percent } from '../../figures.ts';
import type { Cell } from '../../screen.ts';
import { InferAnswer, output } from '../inference.ts';
import type { Step } from '../step.ts';

const MESSAGES = [
  'I forgot my password and can not log in.',
  'The invoice shows the wrong price.',
  'My parcel was sent to the wrong address!',
  'The jacket is too small, I would like a refund',
  'the app crashes',
];

const CALL: Call = {
  method: 'POST',
  path: '/v2/models/tickets/infer',
  body: JSON.stringify({
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [MESSAGES.length], data: MESSAGES }],
    outputs: [{ name: 'probabilities', parameters: { classification: 1 } }],
  }),
};

export const askByText: Step = {
  title: 'Ask by text',
  why: 'Which desk does a message go to? The text goes in as it is, the words are taken apart inside of the model.',
  play: async ({ screen, client }) => {
    screen.curl(client.url, CALL);
    const { body, ms } = await client.json(CALL, InferAnswer);
    const best = (output(body, 'probabilities').data ?? []).map((text) => readClass(`${text}`));
    screen.table(
      ['message', 'desk', 'how sure'],
      MESSAGES.map((message, index): readonly Cell[] => {
        const { label, share } = best[index] ?? { label: '', share: 0 };
        return [message, [label, ['bold', 'green']], `${percent(share).padStart(7)}  ${bar(share, 8)}`];
      }),
    );
    screen.lines(['']);
    screen.fact('answered in', `${milliseconds(ms)}, loading included`);
  },
};

/** `value:index:label`, as the classification extension writes a class. */
function readClass(text: string): { readonly share: number; readonly label: string } {
  const [value = '', , label = ''] = text.split(':');
  return { share: Number(value), label };
}
