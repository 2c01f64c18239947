import { findings } from '../lib/findings';
import { SHAPES } from './apps';
import { appWith } from './support';

const REFERENCES = '@aws-cdk/core:defaultCrossStackReferences';

test.each(
  Object.keys(SHAPES).flatMap((name) => ['strong', 'weak'].map((strength): [string, string] => [name, strength])),
)('%s, with %s references: cdk-nag finds nothing that is not explained', (name, strength) => {
  const app = appWith({ [REFERENCES]: strength });
  SHAPES[name]!(app);
  expect(findings(app)).toEqual([]);
});
