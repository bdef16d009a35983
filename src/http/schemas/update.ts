import { z } from 'zod';
import { Strategy } from '../../serving/rollouts/strategy.ts';
import { ModelIdText, VersionText } from './common.ts';
import { LoadOptions, SOURCE_FIELDS } from './load.ts';

export const UpdateBody = z
  .strictObject({
    model_id: ModelIdText,
    new_version: VersionText.default('latest'),
    ...SOURCE_FIELDS,
    options: LoadOptions.default({}).meta({ description: 'As for a load of the new version.' }),
    rollback_on_failure: z.boolean().default(true).meta({
      description: 'false: a new version that fails is kept without traffic until a person decides.',
    }),
    strategy: Strategy.default({}),
    supersede: z.boolean().default(false).meta({
      description:
        'Roll back the update of this model that is under way, if there is one, instead of refusing this one.',
    }),
    wait: z.boolean().default(false).meta({ description: 'true: answer when it has ended.' }),
  })
  .meta({
    id: 'Update',
    examples: [{ model_id: 'iris' }, { model_id: 'iris', new_version: '2', strategy: { stages: [5, 50, 100] } }],
  });
