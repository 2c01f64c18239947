import type { EngineAdvice } from '../../../engines/engine-advice';
import type { TOY_REASONS } from './facts';

/** How to repair failures of the toy engine. */
export const TOY_ADVICE: EngineAdvice<(typeof TOY_REASONS)[number]> = {
  restore: ({ objects }, read) =>
    objects.map((object) => ({ say: 'Put the toys back:', run: `${read(object)} | toys --load` })),
  common: { 'nothing-listens': ({ port }) => [{ say: 'See whether the box is there:', run: `toys ping ${port}` }] },
  own: {
    'box-shut': {
      title: 'the box is shut',
      likelyCause: 'Somebody tidied up.',
      action: 'Open the lid of the box.',
      steps: ({ port }) => [{ say: 'Open it:', run: `toys open --port ${port}` }],
    },
  },
  notes: {},
};
