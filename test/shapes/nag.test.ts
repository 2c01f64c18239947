import { Stage } from 'aws-cdk-lib';
import { findings } from '../lib/findings';
import { SHAPES } from './apps';
import { appWith } from './support';

test.each(['strong', 'weak'])(
  'cdk-nag finds nothing that is not explained in any shape, with %s references',
  (strength) => {
    const app = appWith({ '@aws-cdk/core:defaultCrossStackReferences': strength });
    for (const [index, shape] of Object.values(SHAPES).entries()) shape(new Stage(app, `Shape${index}`));
    expect(findings(app)).toEqual([]);
  },
);
