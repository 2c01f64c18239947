import { App, Stage } from 'aws-cdk-lib';
import { nestedStacks, sharedBucket, twoBackups, vpcOfTheBackups, vpcOfTheDatabases } from '../shapes/apps';

const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'strong' } });
const shapes = {
  Theirs: vpcOfTheDatabases,
  Ours: vpcOfTheBackups,
  Nested: nestedStacks,
  Sharing: sharedBucket,
  Pair: twoBackups,
};
for (const [name, shape] of Object.entries(shapes)) shape(new Stage(app, name));
