import type { Stack } from 'aws-cdk-lib';
import { bucketOfAnother, nestedStacks, sharedBucket, SHAPES, vpcOfTheBackups, vpcOfTheDatabases } from './apps';
import { appWith, namesOf, resourcesOf, templates } from './support';

const stackOf = (app: ReturnType<typeof appWith>, name: string) => app.node.findChild(name) as Stack;

test.each(Object.entries(SHAPES))('%s: is synthesised without a warning, bound to no account or Region', (_, shape) => {
  const app = appWith();
  shape(app);
  const all = templates(app);
  expect(resourcesOf(all).filter(([, , { Type }]) => Type === 'AWS::Scheduler::Schedule')).not.toEqual([]);
  const metadata = app.node.findAll().flatMap(({ node }) => node.metadata);
  expect(metadata.filter(({ type }) => ['aws:cdk:warning', 'aws:cdk:error'].includes(type))).toEqual([]);
});

describe('stacks need each other in one direction', () => {
  test('the backups need the databases, whose VPC they use', () => {
    const app = appWith();
    vpcOfTheDatabases(app);
    app.synth();
    expect(namesOf(stackOf(app, 'Backups').dependencies)).toEqual(['Databases']);
    expect(stackOf(app, 'Databases').dependencies).toEqual([]);
  });

  test('the databases need the backups, whose VPC they use', () => {
    const app = appWith();
    vpcOfTheBackups(app);
    app.synth();
    expect(namesOf(stackOf(app, 'Databases').dependencies)).toEqual(['Base']);
    expect(stackOf(app, 'Base').dependencies).toEqual([]);
  });

  test('who shares a bucket needs its stack, and nobody else', () => {
    const app = appWith();
    sharedBucket(app);
    app.synth();
    for (const name of ['Shop', 'Blog']) expect(namesOf(stackOf(app, name).dependencies)).toEqual(['Shared']);
    expect(stackOf(app, 'Shared').dependencies).toEqual([]);
  });
});

test('who uses the bucket of the Backups in another stack needs that stack', () => {
  const app = appWith();
  bucketOfAnother(app);
  app.synth();
  expect(namesOf(stackOf(app, 'Second').dependencies)).toEqual(['First']);
  expect(stackOf(app, 'First').dependencies).toEqual([]);
});

test('the policy of a shared bucket admits the roles of both stacks, and no other', () => {
  const app = appWith();
  sharedBucket(app);
  const [[, , policy]] = resourcesOf(templates(app)).filter(([, , { Type }]) => Type === 'AWS::S3::BucketPolicy') as [
    ReturnType<typeof resourcesOf>[number],
  ];
  const admitted = policy.Properties.PolicyDocument.Statement.filter(({ Sid }: { Sid?: string }) =>
    ['DenyDeletes', 'DenyDeletingVersions'].includes(Sid!),
  ).map(({ Condition }: { Condition: object }) => JSON.stringify(Condition));
  expect(admitted).toHaveLength(2);
  for (const condition of admitted) {
    const paths = [...condition.matchAll(/"\/(\w+\/Backups-Pruning-\w+)\/\*"/g)].map(([, path]) => path!.split('/')[0]);
    expect(paths).toEqual(['Shop', 'Blog']);
  }
});

test('a nested stack names what it shares with its parent by parameters', () => {
  const app = appWith();
  nestedStacks(app);
  const nested = Object.entries(templates(app)).filter(([file]) => file.includes('nested'));
  expect(nested).toHaveLength(2);
  for (const [, template] of nested) expect(JSON.stringify(template)).not.toContain('Fn::ImportValue');
});
